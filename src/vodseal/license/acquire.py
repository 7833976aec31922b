"""What a device signs when it asks for a license (SPEC license §8).

``b"vodseal1/acquire" 00`` and the deterministic CBOR list of video id, job id,
download id, serial of the security file, and both public keys of the device.
Whoever asks thereby shows that the device's signing key is theirs, and cannot
have a license made out for a key that they only copied from somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vodseal.container.cbor import encode
from vodseal.errors import TamperedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["AcquireClaim"]

_LABEL: Final = b"vodseal1/acquire\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquireClaim:
    """Everything that the device's signature covers."""

    video_id: str
    job_id: str
    download_id: bytes
    app_serial: bytes
    kem_public_key: bytes
    signing_public_key: bytes

    def sign(self, key: Ed25519PrivateKey) -> bytes:
        """Return the 64-byte signature of the device."""
        return key.sign(self._message())

    def verify(self, signature: bytes) -> None:
        """Return when the device of this claim has signed it.

        Raises:
            TamperedError: It has not.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.signing_public_key).verify(
                signature, self._message()
            )
        except (InvalidSignature, ValueError) as error:
            raise TamperedError("the device did not sign this request") from error

    def _message(self) -> bytes:
        return _LABEL + encode(
            [
                self.video_id,
                self.job_id,
                self.download_id,
                self.app_serial,
                self.kem_public_key,
                self.signing_public_key,
            ]
        )
