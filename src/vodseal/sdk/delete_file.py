"""One name for two deletions, as on iOS (client-surface A12, A13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, overload

from vodseal.sdk.stored_download import DeleteResult, delete_by_identity

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DeleteFile"]


class _Owner(Protocol):
    def delete_own_file(self) -> DeleteResult:
        """Delete what this object made."""


class DeleteFile:
    """Of an object: its own file, no arguments. Of its class: a file by its identity."""

    @overload
    def __get__(
        self, instance: None, owner: type[_Owner]
    ) -> Callable[[str, str, str, int], DeleteResult]: ...

    @overload
    def __get__(self, instance: _Owner, owner: type[_Owner]) -> Callable[[], DeleteResult]: ...

    def __get__(
        self, instance: _Owner | None, owner: type[_Owner]
    ) -> Callable[[str, str, str, int], DeleteResult] | Callable[[], DeleteResult]:
        """Return the one or the other."""
        return delete_by_identity if instance is None else instance.delete_own_file
