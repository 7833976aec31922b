"""What each segment of a stream has to be: the signed list of digests (SPEC license §7).

The list itself is a plain concatenation of 32-byte digests and travels as it
is; the signed manifest holds its root, so that a stream of any length has a
manifest of one size. BLAKE3 is the default: SHA-256 costs more than sealing.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from blake3 import blake3

from vodseal.container.cbor import decode_map, encode
from vodseal.credential.envelope import EnvelopeType, open_envelope, seal_envelope
from vodseal.errors import MalformedError, MisuseError, TamperedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

    from vodseal.container.source import ReadBuffer

__all__ = [
    "DIGEST_SIZE",
    "Digest",
    "DigestAlgorithm",
    "SegmentDigests",
    "digest_segment",
    "new_digest",
    "open_digests",
    "seal_digests",
]

DIGEST_SIZE: Final = 32

_VERSION: Final = 1
_LABEL: Final = b"vodseal1/digests\0"
_MAX_COUNT: Final = 1 << 24
_MAX_RANGE: Final = 1 << 32


class DigestAlgorithm(IntEnum):
    """How a segment is digested. The values are stored: never renamed, never reused."""

    SHA256 = 1
    BLAKE3_256 = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDigests:
    """The digests of one stream's segments, or of the ranges of one file."""

    vid: str
    job_id: str
    algorithm: DigestAlgorithm
    range_size: int
    """0: one digest for each segment; else the file is cut into ranges of this size."""

    digests: bytes = field(repr=False)
    """All of them, 32 bytes each, in order."""

    @property
    def count(self) -> int:
        """How many digests there are."""
        return len(self.digests) // DIGEST_SIZE

    @property
    def root(self) -> bytes:
        """The SHA-256 over the labelled list."""
        return hashlib.sha256(_LABEL + self.digests).digest()

    def check(self, index: int, data: ReadBuffer) -> None:
        """Check that ``data`` is segment (or range) number ``index``, as received.

        Raises:
            TamperedError: It is not, or there is no such segment.
        """
        expected = self.digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE]
        if index < 0 or not hmac.compare_digest(digest_segment(self.algorithm, data), expected):
            raise TamperedError(f"segment {index} is not what the service signed")


class Digest(Protocol):
    """A digest that is being made."""

    def update(self, data: ReadBuffer, /) -> object:
        """Take the bytes that follow."""

    def digest(self) -> bytes:
        """Return the 32 bytes of what was taken."""


def new_digest(algorithm: DigestAlgorithm) -> Digest:
    """Return the digest of a segment that comes in blocks."""
    return hashlib.sha256() if algorithm is DigestAlgorithm.SHA256 else blake3()


def digest_segment(algorithm: DigestAlgorithm, data: ReadBuffer) -> bytes:
    """Return the 32-byte digest of one segment."""
    digest = new_digest(algorithm)
    digest.update(data)
    return digest.digest()


def seal_digests(
    *,
    vid: str,
    job_id: str,
    digests: Sequence[bytes],
    signing_key: Ed25519PrivateKey,
    algorithm: DigestAlgorithm = DigestAlgorithm.BLAKE3_256,
    range_size: int = 0,
) -> tuple[bytes, bytes]:
    """Return the signed manifest and the list that it speaks for.

    Raises:
        MisuseError: A digest has not 32 bytes, or there are too many.
    """
    if len(digests) > _MAX_COUNT or any(len(digest) != DIGEST_SIZE for digest in digests):
        raise MisuseError("digests of 32 bytes are expected, and not that many")
    listed = SegmentDigests(
        vid=vid,
        job_id=job_id,
        algorithm=algorithm,
        range_size=range_size,
        digests=b"".join(digests),
    )
    payload = encode(
        {
            0: _VERSION,
            1: listed.vid,
            2: listed.job_id,
            3: int(listed.algorithm),
            4: listed.count,
            5: listed.range_size,
            6: listed.root,
        }
    )
    return seal_envelope(EnvelopeType.SEGMENT_DIGESTS, payload, signing_key), listed.digests


def open_digests(
    manifest: bytes,
    digests: bytes,
    keys: Mapping[bytes, Ed25519PublicKey],
    *,
    vid: str,
    job_id: str,
) -> SegmentDigests:
    """Return the digests of a stream, after checking that the service signed them.

    Raises:
        FormatError: The manifest does not verify, or is not allowed.
        TamperedError: It is another stream's, or the list is not the signed one.
    """
    fields = decode_map(open_envelope(manifest, EnvelopeType.SEGMENT_DIGESTS, keys))
    fields.version(_VERSION)
    is_of_stream = (fields.text(1), fields.text(2)) == (vid, job_id)
    algorithm = DigestAlgorithm(fields.integer(3, least=1, most=len(DigestAlgorithm)))
    count = fields.integer(4, most=_MAX_COUNT)
    listed = SegmentDigests(
        vid=vid,
        job_id=job_id,
        algorithm=algorithm,
        range_size=fields.integer(5, most=_MAX_RANGE),
        digests=digests,
    )
    root = fields.octets(6, size=DIGEST_SIZE)
    fields.finish()
    if not is_of_stream:
        raise TamperedError("the segment digests are another stream's")
    if len(digests) != count * DIGEST_SIZE:
        raise MalformedError("the list of digests has not its length")
    if not hmac.compare_digest(root, listed.root):
        raise TamperedError("the list of digests is not the one that was signed")
    return listed
