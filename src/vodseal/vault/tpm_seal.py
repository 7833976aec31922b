"""Bind what is stored to this machine's TPM 2.0, where there is one (extra ``tpm``).

A slot is sealed under the storage root key, which never leaves the chip, and is
then kept wherever slots are kept: in the system's key store or in files. So a
copy of both opens on no other machine. The TPM only seals, it does not compute
with the device's keys: X25519 is none of its curves, so the seed is in memory
while it is used (security.md 3.4). The seal asks for no password: whoever may use
the TPM of this very machine, and holds the slot, can open it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from vodseal.errors import KeyStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.vault.device_seed import Slot

__all__ = ["SealedSlots", "Sealer", "SlotStore", "TpmSealer", "system_tpm"]

_DEVICE: Final = "/dev/tpmrm0"
_ROOT_KEY: Final = "ecc256:aes128cfb"
_MAX_SIZE: Final = 128
"""What a TPM seals at most; a slot has 96 bytes."""


class SlotStore(Protocol):
    """Two slots, wherever they are."""

    def read(self, slot: Slot) -> bytes | None:
        """Return what the slot holds, or None."""

    def write(self, slot: Slot, record: bytes) -> None:
        """Put ``record`` into the slot; durable on return."""


class Sealer(Protocol):
    """What opens on this machine alone."""

    def seal(self, data: bytes) -> bytes:
        """Return ``data``, sealed."""

    def open(self, blob: bytes) -> bytes:
        """Return what was sealed."""


class SealedSlots:
    """Slots that a sealer seals before they are stored."""

    def __init__(self, slots: SlotStore, sealer: Sealer) -> None:
        self._slots = slots
        self._sealer = sealer

    def read(self, slot: Slot) -> bytes | None:
        """Return what was written to the slot, or None.

        Raises:
            KeyStoreError: The chip does not open it: it was sealed on another
                machine, or altered; or as the slots beneath.
        """
        blob = self._slots.read(slot)
        return None if blob is None else self._sealer.open(blob)

    def write(self, slot: Slot, record: bytes) -> None:
        """Seal ``record``, and put it into the slot. Raises as ``read``."""
        self._slots.write(slot, self._sealer.seal(record))


def system_tpm() -> Sealer | None:
    """Return the TPM of this machine, when the extra is installed and this user may use it."""
    if importlib.util.find_spec("tpm2_pytss") is None:
        return None
    if sys.platform == "win32":
        return TpmSealer("tbs")
    return TpmSealer(f"device:{_DEVICE}") if os.access(_DEVICE, os.R_OK | os.W_OK) else None


class TpmSealer:
    """One TPM 2.0, by its address in the TSS's words. Each use opens it anew."""

    def __init__(self, tcti: str) -> None:
        self._tcti = tcti

    def seal(self, data: bytes) -> bytes:
        """Return ``data`` sealed under the storage root key.

        Raises:
            KeyStoreError: The TPM refused, or is not there.
        """
        return self._use(lambda tpm: _seal(tpm, data))

    def open(self, blob: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            KeyStoreError: This TPM did not seal it, it was altered, or the TPM refused.
        """
        return self._use(lambda tpm: _open(tpm, blob))

    def _use(self, work: Callable[[Any], bytes]) -> bytes:
        from tpm2_pytss import ESAPI  # noqa: PLC0415 - an extra; it loads C libraries

        try:
            with ESAPI(self._tcti) as tpm:
                return work(tpm)
        except Exception as error:
            message = f"this machine's TPM does not seal or open the device key ({error})"
            remedy = (
                "Run it on the machine that made the download, as a user who may use its TPM "
                f"({_DEVICE}; often the group tss)."
            )
            raise KeyStoreError(message, remedy=remedy) from error


def _root_key(tpm: Any) -> Any:
    from tpm2_pytss import TPM2B_PUBLIC, TPMA_OBJECT  # noqa: PLC0415 - as above

    is_root = TPMA_OBJECT.RESTRICTED | TPMA_OBJECT.DECRYPT | TPMA_OBJECT.SENSITIVEDATAORIGIN
    template = TPM2B_PUBLIC.parse(alg=_ROOT_KEY, objectAttributes=is_root | _stays(TPMA_OBJECT))
    handle, *_ = tpm.create_primary(None, template)
    return handle


def _stays(attributes: Any) -> Any:
    """Return what keeps an object in this chip, under no password."""
    fixed = attributes.FIXEDTPM | attributes.FIXEDPARENT
    return fixed | attributes.USERWITHAUTH | attributes.NODA


def _seal(tpm: Any, data: bytes) -> bytes:
    from tpm2_pytss import (  # noqa: PLC0415 - as above
        TPM2B_PUBLIC,
        TPM2B_SENSITIVE_CREATE,
        TPM2B_SENSITIVE_DATA,
        TPMA_OBJECT,
        TPMS_SENSITIVE_CREATE,
    )

    if len(data) > _MAX_SIZE:
        raise ValueError("a TPM seals 128 bytes at most")
    root = _root_key(tpm)
    try:
        secret = TPM2B_SENSITIVE_CREATE(TPMS_SENSITIVE_CREATE(data=TPM2B_SENSITIVE_DATA(data)))
        template = TPM2B_PUBLIC.parse(alg="keyedhash", objectAttributes=_stays(TPMA_OBJECT))
        private, public, *_ = tpm.create(root, secret, template)
        return bytes(private.marshal() + public.marshal())
    finally:
        tpm.flush_context(root)


def _open(tpm: Any, blob: bytes) -> bytes:
    from tpm2_pytss import TPM2B_PRIVATE, TPM2B_PUBLIC  # noqa: PLC0415 - as above

    private, size = TPM2B_PRIVATE.unmarshal(blob)
    public, _ = TPM2B_PUBLIC.unmarshal(blob[size:])
    root = _root_key(tpm)
    try:
        handle = tpm.load(root, private, public)
        try:
            return bytes(tpm.unseal(handle))
        finally:
            tpm.flush_context(handle)
    finally:
        tpm.flush_context(root)
