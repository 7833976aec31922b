"""The operating system's key store, by way of ``keyring``.

Of all that ``keyring`` can find, four are key stores that a user's password
opens; the others, plain text files among them, are never used. What is chosen by
hand in keyring's own configuration is respected: choosing its ``fail`` backend
means that there is no key store here.

A value is base64 of a slot: 128 characters, 364 when a TPM has sealed it, far
below the 1,280 that the smallest of these stores takes. It is read back after it
was written, since a store that cuts or loses it would be found out too late.
"""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from vodseal.errors import KeyStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vodseal.vault.device_seed import Slot

__all__ = ["Backends", "PasswordStore", "SystemSlots", "system_backends"]

_log = logging.getLogger(__name__)
_ALLOWED: Final = {
    ("keyring.backends.macOS", "Keyring"): "macos-keychain",
    ("keyring.backends.Windows", "WinVaultKeyring"): "windows-credential-locker",
    ("keyring.backends.SecretService", "Keyring"): "secret-service",
    ("keyring.backends.libsecret", "Keyring"): "libsecret",
    ("keyring.backends.kwallet", "DBusKeyring"): "kwallet",
}
_USER: Final = "device"
_INSTEAD: Final = (
    "Unlock the key store of this user and allow vodseal to use it, then try again. A device "
    "that has no key yet may keep it in a file instead: set PYTHON_KEYRING_BACKEND to "
    "keyring.backends.fail.Keyring."
)


class PasswordStore(Protocol):
    """What we use of a keyring backend."""

    def get_password(self, service: str, name: str, /) -> str | None:
        """Return the value, or None where there is none."""

    def set_password(self, service: str, name: str, value: str, /) -> None:
        """Keep the value in the place of the one before."""


Backends: TypeAlias = "Callable[[], Mapping[str, PasswordStore]]"
"""Finds the usable backends by our names for them, the preferred one first."""


def system_backends() -> Mapping[str, PasswordStore]:
    """Return the key stores of this system that may be used, the preferred one first."""
    from keyring import get_keyring  # noqa: PLC0415 - it asks the system, and takes its time
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415 - as above

    try:
        chosen = get_keyring()
        found = chosen.backends if isinstance(chosen, ChainerBackend) else [chosen]
    except Exception:  # noqa: BLE001 - plug-ins of other people run here
        _log.warning("The system's key stores cannot be listed", exc_info=True)
        return {}
    named = ((_ALLOWED.get((type(one).__module__, type(one).__qualname__)), one) for one in found)
    return {name: one for name, one in named if name is not None}


class SystemSlots:
    """The two slots of one device in one backend."""

    def __init__(self, backend: PasswordStore, device: str) -> None:
        """``device`` sets this device's entries apart from those of others."""
        self._backend = backend
        self._device = device

    def read(self, slot: Slot) -> bytes | None:
        """Return what the slot holds, or None.

        What is not base64 comes back as no bytes: that is a damaged slot, no empty one.

        Raises:
            KeyStoreError: The store is locked, or access was denied.
        """
        try:
            text = self._backend.get_password(self._service(slot), _USER)
        except Exception as error:
            raise _unusable("does not give the device key", error) from error
        try:
            return None if text is None else base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return b""

    def write(self, slot: Slot, record: bytes) -> None:
        """Put ``record`` into the slot and read it back.

        Raises:
            KeyStoreError: The store is locked, access was denied, or what comes
                back is something else. The other slot is as it was.
        """
        text = base64.b64encode(record).decode("ascii")
        try:
            self._backend.set_password(self._service(slot), _USER, text)
        except Exception as error:
            raise _unusable("does not take the device key", error) from error
        if self.read(slot) != record:
            raise _unusable("does not give back what it was given", None)

    def _service(self, slot: Slot) -> str:
        return f"vodseal {self._device} {slot}"


def _unusable(what: str, error: Exception | None) -> KeyStoreError:
    # the text of a backend's error may name what it was asked to keep
    kind = f" ({type(error).__name__})" if error else ""
    return KeyStoreError(f"the system's key store {what}{kind}", remedy=_INSTEAD)
