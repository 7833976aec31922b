"""Key stores of systems that behave, and of systems that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Crash(BaseException):
    """The process ended here."""


class FakeKeyring:
    """A keyring backend in memory.

    ``crash_at`` counts its calls from 0; the crash comes before the call has an
    effect, or after it when ``after`` is set. ``loses_first`` deletes before it
    sets, as macOS's backend does, and may crash between.
    """

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}
        self.refusal: Exception | None = None
        self.limit: int | None = None
        self.crash_at: int | None = None
        self.after = False
        self.loses_first = False
        self.calls = 0

    def get_password(self, service: str, username: str) -> str | None:
        self._step(before=True)
        value = self.values.get((service, username))
        self._step(before=False)
        return value

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.loses_first:
            self.values.pop((service, username), None)
        self._step(before=True)
        self.values[service, username] = password[: self.limit]
        self._step(before=False)

    def _step(self, *, before: bool) -> None:
        if self.refusal is not None:
            raise self.refusal
        if self.calls == self.crash_at and before is not self.after:
            raise Crash
        self.calls += not before

    def found(self) -> Mapping[str, FakeKeyring]:
        return {"secret-service": self}


def none_found() -> Mapping[str, FakeKeyring]:
    return {}
