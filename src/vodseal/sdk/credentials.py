"""The credential of a run, and who gives a fresh one while it runs (B10, B51).

A source may wait long in a queue, and end while a film is under way. An app that
sets a *credential provider* is asked for a fresh source: when a download really
starts, ahead of the end of what is at hand, and when the service refuses it. A
source that the app sets meanwhile, ``update_source``, takes effect in the same way.

The provider is the app's, so nothing is trusted to it: it is called on a thread
of its own, which a stop does not wait for; what it raises, or gives for another
video, is logged without its text and counts as nothing, and so does an answer
that stays away for a minute.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from vodseal.sdk.expiry import credential_end
from vodseal.sdk.sources import Source, VidAuth, VidSts

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CredentialProvider",
    "CredentialReason",
    "CredentialRequest",
    "LiveSource",
    "refuses_credential",
]

_log = logging.getLogger(__name__)

_PATIENCE: Final = 60.0
"""Seconds after which a provider that says nothing has nothing to say."""
_STEP: Final = 0.05
_CREDENTIAL_FAMILIES: Final = (
    "InvalidAccessKeyId",
    "InvalidAuth.",
    "InvalidAuthInfo",
    "InvalidSecurityToken",
    "MissingSecurityToken",
)
_NOT_ALLOWED: Final = frozenset({"Forbidden", "Forbidden.RAM", "NoPermission"})
_LEAD: Final = 30.0
"""Seconds before the end of a credential from which on it is not used any more."""


class CredentialReason(StrEnum):
    """Why a provider is asked."""

    QUEUED_START = "queued-start"
    """The download starts now."""

    AHEAD_OF_EXPIRY = "ahead-of-expiry"
    """What is at hand ends soon."""

    REFUSED = "refused"
    """What is at hand was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRequest:
    """What a provider is asked for: a source of the video, with a fresh credential."""

    vid: str
    reason: CredentialReason


CredentialProvider: TypeAlias = "Callable[[CredentialRequest], Source | None]"
"""Returns a fresh source for the video, or None when there is none."""


class LiveSource:
    """The source of one run. Any thread may replace it."""

    def __init__(
        self,
        source: Source,
        *,
        provider: CredentialProvider | None = None,
    ) -> None:
        """Begin with ``source``."""
        self.first = source
        """The source it began with."""
        self._lock = threading.Lock()
        self._source = source
        self._version = 0
        self._provider = provider

    @property
    def current(self) -> Source:
        """The source to use now."""
        return self._source

    @property
    def version(self) -> int:
        """Grows with every source that replaces another."""
        return self._version

    def replace(self, source: Source) -> bool:
        """Use ``source`` from now on; tell whether it is one of the same video."""
        with self._lock:
            if source.vid != self._source.vid:
                return False
            self._source = source
            self._version += 1
            return True

    def ask(self, reason: CredentialReason, is_stopped: Callable[[], bool]) -> bool:
        """Ask the provider, and tell whether there is a fresh source now.

        ``is_stopped`` is asked while the provider is waited for.
        """
        if self._provider is None:
            return False
        asked = _Asked(self._provider, CredentialRequest(vid=self._source.vid, reason=reason))
        fresh = asked.answer(is_stopped)
        if fresh is None:
            return False
        if not isinstance(fresh, VidSts | VidAuth) or not self.replace(fresh):
            _log.error("A credential provider gave no source of the video that was asked for")
            return False
        return True

    def keep_fresh(self, now: float, is_stopped: Callable[[], bool]) -> None:
        """Ask the provider when the credential, which is about to be used, ends soon."""
        end = credential_end(self._source)
        if end is not None and now >= end - _LEAD:
            self.ask(CredentialReason.AHEAD_OF_EXPIRY, is_stopped)

    def replace_refused(self, version: int, is_stopped: Callable[[], bool]) -> bool:
        """Tell whether there is another source than that of ``version``, which was refused."""
        return self._version != version or self.ask(CredentialReason.REFUSED, is_stopped)


def refuses_credential(server_code: str) -> bool:
    """Return whether another credential may be answered where ``server_code`` refused this one."""
    return server_code in _NOT_ALLOWED or server_code.startswith(_CREDENTIAL_FAMILIES)


class _Asked:
    """One question to a provider, on a thread of its own."""

    def __init__(self, provider: CredentialProvider, request: CredentialRequest) -> None:
        self._provider = provider
        self._request = request
        self._answer: Source | None = None
        self._done = threading.Event()
        # Not joined: a provider may itself be what stops the run.
        threading.Thread(target=self._ask, name="vodseal-provider", daemon=True).start()

    def answer(self, is_stopped: Callable[[], bool]) -> Source | None:
        """Return what the provider gave; None when stopped, when it failed, or took too long."""
        for _ in range(round(_PATIENCE / _STEP)):
            if self._done.wait(_STEP):
                return self._answer
            if is_stopped():
                return None
        _log.error("A credential provider did not answer in time")
        return None

    def _ask(self) -> None:
        try:
            self._answer = self._provider(self._request)
        except Exception as error:  # noqa: BLE001 - the provider is the app's
            _log.error("A credential provider raised %s", type(error).__name__)
        finally:
            self._done.set()
