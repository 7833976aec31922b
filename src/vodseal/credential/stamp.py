"""A request signed by the device that sends it (SPEC rpc §11).

The stamp covers method, path, every parameter that means something to the
action, the security file's serial, the time and a nonce. Parameters that the
transport adds (who signs as V1, when, in which format) are left out: they are
signed there, and are made after the stamp.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vodseal.container.cbor import encode
from vodseal.errors import MalformedError, TamperedError
from vodseal.rpc.canonical import canonical_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["PARAMETER", "WINDOW_SECONDS", "Stamp", "StampedRequest"]

PARAMETER: Final = "DeviceStamp"
WINDOW_SECONDS: Final = 5 * 60
"""How far the time in a stamp may be from the service's own, either way."""

_LABEL: Final = b"vodseal1/request\0"
_NONCE_SIZE: Final = 16
_TIME_SIZE: Final = 8
_SIGNATURE_SIZE: Final = 64
_SIZE: Final = _NONCE_SIZE + _TIME_SIZE + _SIGNATURE_SIZE
_MAX_INSTANT: Final = (1 << 53) - 1
_LEFT_OUT: Final = frozenset(
    {
        PARAMETER,
        "AccessKeyId",
        "AuthInfo",
        "Format",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedRequest:
    """What a stamp covers, but for time and nonce."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(repr=False)
    """All of the request; those of the transport are left out of the stamp."""

    serial: bytes
    """16 bytes: the security file that the device speaks for."""

    def sign(self, key: Ed25519PrivateKey, *, nonce: bytes, now: float) -> str:
        """Return the text of the parameter ``DeviceStamp``; ``nonce`` is 16 fresh random bytes."""
        at = int(now)
        signature = key.sign(self._message(nonce, at))
        stamp = nonce + at.to_bytes(_TIME_SIZE, "big") + signature
        return base64.b64encode(stamp).decode("ascii")

    def verify(self, stamp: Stamp, public_key: bytes) -> None:
        """Return when the device with this Ed25519 key has made ``stamp`` for this request.

        Raises:
            TamperedError: It has not.
        """
        message = self._message(stamp.nonce, stamp.at)
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(stamp.signature, message)
        except (InvalidSignature, ValueError) as error:
            raise TamperedError("the device did not sign this request") from error

    def _message(self, nonce: bytes, at: int) -> bytes:
        meant = {n: v for n, v in self.parameters.items() if n not in _LEFT_OUT}
        digest = hashlib.sha256(canonical_query(meant).encode("ascii")).digest()
        return _LABEL + encode([self.method, self.path, digest, self.serial, nonce, at])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamp as it came; nothing in it was verified."""

    nonce: bytes
    at: int
    """Seconds since 1970, by the device's clock."""

    signature: bytes = field(repr=False)

    @property
    def ends_at(self) -> int:
        """Return when it can no longer be accepted, and so its nonce be forgotten."""
        return self.at + WINDOW_SECONDS

    def is_fresh(self, now: float) -> bool:
        """Return whether its time is close enough to ``now``."""
        return abs(self.at - now) <= WINDOW_SECONDS

    @classmethod
    def parse(cls, text: str) -> Stamp:
        """Return the stamp that ``text`` holds.

        Raises:
            MalformedError: It holds none.
        """
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        at = int.from_bytes(data[_NONCE_SIZE : _NONCE_SIZE + _TIME_SIZE], "big")
        if len(data) != _SIZE or at > _MAX_INSTANT:
            raise MalformedError("not a device stamp")
        return cls(nonce=data[:_NONCE_SIZE], at=at, signature=data[-_SIGNATURE_SIZE:])
