"""Which keys may sign what: field 11 of a security file (SPEC credential §4.3).

The security file ships with the app, so these keys are what the app trusts. A
key is good for the types that it is listed under, and for no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vodseal.credential.envelope import PUBLIC_KEY_SIZE, EnvelopeType, keys_by_id
from vodseal.errors import MalformedError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.container.cbor import CborMap, CborValue, Fields

__all__ = ["VerificationKeys"]

_TRUSTED_TYPES: Final = frozenset(
    {
        EnvelopeType.SECURITY_FILE,
        EnvelopeType.LICENSE,
        EnvelopeType.DEVICE_CERTIFICATE,
        EnvelopeType.TIME_TOKEN,
        EnvelopeType.REVOCATION,
        EnvelopeType.SEGMENT_DIGESTS,
    }
)
_MAX_KEYS: Final = 16


@dataclass(frozen=True, slots=True)
class VerificationKeys:
    """The service's Ed25519 public keys, raw, by the type that they sign."""

    by_type: Mapping[EnvelopeType, tuple[bytes, ...]]

    def __post_init__(self) -> None:
        """Freeze the mapping, and refuse keys that are none.

        Raises:
            MisuseError: A type takes no key, or a key has not 32 bytes.
        """
        for kind, keys in self.by_type.items():
            if kind not in _TRUSTED_TYPES or not 1 <= len(keys) <= _MAX_KEYS:
                raise MisuseError(f"no keys, or too many, or not allowed for type {kind:d}")
            if any(len(key) != PUBLIC_KEY_SIZE for key in keys):
                raise MisuseError("a verification key has 32 bytes")
        object.__setattr__(self, "by_type", MappingProxyType(dict(self.by_type)))

    def for_type(self, kind: EnvelopeType) -> dict[bytes, Ed25519PublicKey]:
        """Return the keys that may sign ``kind``, by their ids; none is an empty answer."""
        return keys_by_id(*map(Ed25519PublicKey.from_public_bytes, self.by_type.get(kind, ())))

    def to_cbor(self) -> CborMap:
        """Return the keys as a map."""
        return {int(kind): list(keys) for kind, keys in self.by_type.items()}

    @classmethod
    def from_cbor(cls, fields: Fields) -> VerificationKeys:
        """Return the keys that ``to_cbor`` gave.

        Raises:
            MalformedError: ``fields`` holds something else.
        """
        by_type: dict[EnvelopeType, tuple[bytes, ...]] = {}
        for number in fields.remaining():
            try:
                kind = EnvelopeType(number)
            except ValueError:
                raise MalformedError(f"keys for the unknown type {number}") from None
            by_type[kind] = tuple(map(_as_key, fields.items(number)))
        try:
            return cls(by_type)
        except MisuseError as error:
            raise MalformedError(error.message) from None


def _as_key(value: CborValue) -> bytes:
    if not isinstance(value, bytes):
        raise MalformedError("a verification key is not bytes")
    return value
