"""Where a device keeps its seed: the system's key store, or files where there is none.

Where this machine has a TPM that may be used, what is stored is sealed by it besides.

The place is chosen once, when the seed is made, and written down in the vault's
folder (``device.store``). From then on only that place counts: a key store that
is locked today does not make this another device (SPEC credential §5.1).

The order is the promise. The seed is in the key store, and was read back, before
the note says so; a crash between the two leaves an entry that nobody asks for,
and the next start begins anew, with nothing lost, since no license was ever
made for it.
"""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from vodseal.credential.device import KeyStoreLevel
from vodseal.errors import KeyStoreError, MalformedError
from vodseal.rpc.codec import decode_json
from vodseal.vault.device_seed import FileKeyStore, Slot
from vodseal.vault.private_files import make_own_folder, write_private_file
from vodseal.vault.system_store import SystemSlots, system_backends
from vodseal.vault.tpm_seal import SealedSlots, system_tpm

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from vodseal.vault.system_store import Backends
    from vodseal.vault.tpm_seal import Sealer, SlotStore

__all__ = ["NOTE_NAME", "DeviceKeyStore"]

_log = logging.getLogger(__name__)
NOTE_NAME: Final = "device.store"
_ID_SIZE: Final = 16
_FILE: Final = "file"
_SEALED_STEM: Final = "device-tpm"
"""Of files that a TPM has sealed: a crash before the note must not make them look plain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """Which key store holds the seed, and under which name."""

    backend: str
    """Our name for the key store; ``file`` for files that the TPM has sealed."""

    device: str
    tpm: bool

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode("ascii")

    @classmethod
    def decode(cls, data: bytes) -> _Note:
        try:
            values = decode_json(data)
            return cls(
                backend=str(values["backend"]),
                device=str(values["device"]),
                tpm=values.get("tpm") is True,
            )
        except (ValueError, KeyError) as error:
            raise MalformedError(
                f"the note {NOTE_NAME} of this user is damaged",
                remedy="Restore the vodseal home folder from a backup.",
            ) from error


class DeviceKeyStore:
    """The key store of one vault. Every call looks anew, under the lock, where the seed is."""

    def __init__(
        self,
        folder: Path,
        *,
        backends: Backends = system_backends,
        tpm: Callable[[], Sealer | None] = system_tpm,
        file_allowed: bool = True,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Nothing is asked or written before the first use.

        Args:
            folder: The vault's.
            backends: Finds the key stores of this system.
            tpm: Finds its TPM.
            file_allowed: Whether the seed may lie in plain files where there is no key store.
            random: Where the name of this device's entries comes from.
        """
        self._folder = folder
        self._files = FileKeyStore(folder)
        self._backends = backends
        self._tpm = tpm
        self._file_allowed = file_allowed
        self._random = random

    def level(self) -> KeyStoreLevel:
        """Return how well the seed is kept, or would be kept if it were made now."""
        note = self._note()
        if note is None:
            note = None if self._files.is_used() else self._new_note()
        if note is None:
            return KeyStoreLevel.FILE
        return KeyStoreLevel.TPM if note.tpm else KeyStoreLevel.SYSTEM

    def read(self, slot: Slot) -> bytes | None:
        """Return what the slot holds, or None when no seed was ever made.

        Raises:
            KeyStoreError: The seed was put into a key store that is not there,
                does not open, or holds it no longer; or it lies in files, and must not.
            MalformedError: The note is damaged.
            OSError: The vault's folder cannot be read.
        """
        note = self._note()
        if note is None:
            if self._files.is_used():
                self._check_file_allowed()
            return self._files.read(slot)
        slots = self._slots(note)
        held = {each: slots.read(each) for each in Slot}
        if not any(record is not None for record in held.values()):
            raise KeyStoreError(
                "the system's key store no longer holds this device's key",
                remedy="Restore the key store from a backup. Without it, downloads of this device "
                f"cannot be opened; remove {NOTE_NAME} from the vodseal home to start anew.",
            )
        return held[slot]

    def write(self, slot: Slot, record: bytes) -> None:
        """Put ``record`` into the slot; durable on return.

        Raises:
            KeyStoreError, MalformedError, OSError: As ``read``. The other slot is
                as it was.
        """
        note = self._note()
        if note is not None:
            self._slots(note).write(slot, record)
            return
        note = None if self._files.is_used() else self._new_note()
        if note is None:
            self._write_file(slot, record)
            return
        self._slots(note).write(slot, record)
        make_own_folder(self._folder)
        write_private_file(self._folder / NOTE_NAME, note.encode())

    def lock(self) -> AbstractContextManager[object]:
        """Hold the vault's folder against other threads and processes."""
        return self._files.lock()

    def _check_file_allowed(self) -> None:
        if not self._file_allowed:
            raise KeyStoreError(
                "the app's security file does not let the device key lie in a file",
                remedy="Run it in the session of a user whose system has a key store, such as a "
                "desktop's keyring. A device key that lies in a file already is not moved: remove "
                "device.a and device.b from the vodseal home, and download again.",
            )

    def _write_file(self, slot: Slot, record: bytes) -> None:
        self._check_file_allowed()
        if not self._files.is_used():
            _log.warning(
                "This system has no key store that can be used: the device key is kept in a file",
                extra={"folder": str(self._folder)},
            )
        self._files.write(slot, record)

    def _note(self) -> _Note | None:
        try:
            return _Note.decode((self._folder / NOTE_NAME).read_bytes())
        except FileNotFoundError:
            return None

    def _new_note(self) -> _Note | None:
        """Return where a seed that is made now goes; None is a plain file."""
        name = next(iter(self._backends()), _FILE)
        has_tpm = self._tpm() is not None
        if name == _FILE and not has_tpm:
            return None
        return _Note(backend=name, device=self._random(_ID_SIZE).hex(), tpm=has_tpm)

    def _slots(self, note: _Note) -> SlotStore:
        slots = self._stored(note)
        if not note.tpm:
            return slots
        tpm = self._tpm()
        if tpm is None:
            raise KeyStoreError(
                "this device's key is sealed by a TPM, which cannot be used from here",
                remedy="Run it on the machine that made the download, as a user who may use its "
                "TPM, with the extra installed: pip install 'vodseal[tpm]'.",
            )
        return SealedSlots(slots, tpm)

    def _stored(self, note: _Note) -> SlotStore:
        if note.backend == _FILE:
            return FileKeyStore(self._folder, _SEALED_STEM)
        backend = self._backends().get(note.backend)
        if backend is None:
            raise KeyStoreError(
                f"this device's key is in the system's key store ({note.backend[:32]}), which "
                "cannot be reached from here",
                remedy="Run it in the session of the user who made the download.",
            )
        return SystemSlots(backend, note.device)
