"""App identities, and the 32 bytes that stand for each (SPEC credential §3).

One identification gives one fingerprint: what people write in several ways
(case, colons, spaces) is brought into one form first. An ``AppIdentity`` is
checked when it is made; there is no unchecked one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from vodseal.errors import CredentialError

__all__ = ["AppIdentity", "AppKind"]

_LABEL: Final = b"vodseal1/app\0"
_KEY_SIZE: Final = 32
_SHA1: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){19}")
_BARE_SHA1: Final = re.compile(r"[0-9A-Fa-f]{40}")
_BUNDLE: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SERIAL: Final = re.compile(r"[0-9a-f]{1,40}")
_MAX_BUNDLE: Final = 155


class AppKind(IntEnum):
    """What an identity rests on. The values are stored: never renamed, never reused."""

    ANDROID_SHA1 = 1
    IOS_BUNDLE = 2
    WINDOWS_SERIAL = 3
    PYTHON = 4

    @property
    def label(self) -> str:
        """The name in commands and answers, such as ``android-sha1``."""
        return "python" if self is AppKind.PYTHON else self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """One app, as the service and the app itself name it."""

    kind: AppKind
    identifier: bytes
    """In its one form: text in ASCII; for Python bundle ID, zero byte, manifest key."""

    def __post_init__(self) -> None:
        """Refuse an identifier that is not in its one form.

        Raises:
            CredentialError: It is not.
        """
        if not _is_canonical(self.kind, self.identifier):
            raise CredentialError(f"not an identifier of kind {self.kind.label}")

    @classmethod
    def android_sha1(cls, text: str) -> Self:
        """Return the app with this SHA-1 of its signing certificate, colons and all.

        Raises:
            CredentialError: ``text`` is not 20 pairs of hex digits with colons.
        """
        return cls._of(AppKind.ANDROID_SHA1, text.strip().upper())

    @classmethod
    def ios_bundle(cls, text: str) -> Self:
        """Return the app with this bundle ID, such as ``com.example.player``.

        Raises:
            CredentialError: ``text`` is not one.
        """
        return cls._of(AppKind.IOS_BUNDLE, text.strip())

    @classmethod
    def windows_serial(cls, text: str) -> Self:
        """Return the app whose signing certificate has this serial number, in hex.

        Raises:
            CredentialError: ``text`` is not one.
        """
        return cls._of(AppKind.WINDOWS_SERIAL, text.replace(" ", "").replace(":", "").lower())

    @classmethod
    def python(cls, bundle_id: str, manifest_public_key: bytes) -> Self:
        """Return the Python app with this bundle ID and the Ed25519 key of its manifest.

        Raises:
            CredentialError: One of them is not of its form.
        """
        return cls(
            kind=AppKind.PYTHON, identifier=_ascii(bundle_id.strip()) + b"\0" + manifest_public_key
        )

    @classmethod
    def from_identification(cls, text: str) -> Self:
        """Return the app that an ``AppIdentification`` names, which does not say its kind.

        What holds a dot is a bundle ID, what holds a colon is Android's SHA-1,
        and hex digits alone are a Windows serial.

        Raises:
            CredentialError: ``text`` is empty, a SHA-1 without its colons, or
                nothing of the three.
        """
        stripped = text.strip()
        if not stripped:
            raise CredentialError("an app identification is needed")
        if _BARE_SHA1.fullmatch(stripped):
            raise CredentialError("an Android SHA-1 is written with colons")
        if "." in stripped:
            return cls.ios_bundle(stripped)
        if ":" in stripped:
            return cls.android_sha1(stripped)
        return cls.windows_serial(stripped)

    @property
    def fingerprint(self) -> bytes:
        """The 32 bytes that security files and licenses are bound to."""
        size = len(self.identifier).to_bytes(2, "big")
        return hashlib.sha256(_LABEL + bytes([self.kind]) + size + self.identifier).digest()

    @property
    def text(self) -> str:
        """The identifier as people read it; for Python the bundle ID."""
        return self.identifier.partition(b"\0")[0].decode("ascii")

    @classmethod
    def _of(cls, kind: AppKind, text: str) -> Self:
        return cls(kind=kind, identifier=_ascii(text))


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise CredentialError("an app identifier is written in ASCII") from None


def _is_canonical(kind: AppKind, identifier: bytes) -> bool:
    head, zero, key = identifier.partition(b"\0")
    text = head.decode("ascii", errors="replace")
    if kind is AppKind.PYTHON:
        return len(key) == _KEY_SIZE and _is_bundle(text)
    if zero:
        return False
    if kind is AppKind.ANDROID_SHA1:
        return _SHA1.fullmatch(text) is not None
    if kind is AppKind.IOS_BUNDLE:
        return _is_bundle(text)
    return _SERIAL.fullmatch(text) is not None


def _is_bundle(text: str) -> bool:
    return len(text) <= _MAX_BUNDLE and _BUNDLE.fullmatch(text) is not None
