"""What a sealed file says about itself, under its key (SPEC container §6).

The part table is what ties the parts together: a part that was sealed for this
file in an earlier attempt has another salt, and is refused by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from vodseal.container.cbor import CborMap, CborValue, Fields, as_map, decode_map, encode
from vodseal.container.layout import PREFIX_SIZE, part_count
from vodseal.errors import MalformedError

__all__ = ["Meta", "SealedMeta", "TrackKind", "TrackMeta"]

_VERSION: Final = 1
_HASH_SIZE: Final = 32
_MAX_TRACKS: Final = 64


class TrackKind(IntEnum):
    """What a track holds. The values are stored: never renamed, never reused."""

    VIDEO = 1
    AUDIO = 2
    SUBTITLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackMeta:
    """One track of the film; numbers that do not apply are 0."""

    kind: TrackKind
    codec: str
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
    language: str = ""

    def to_cbor(self) -> CborMap:
        """Return the track as a map."""
        return {
            0: int(self.kind),
            1: self.codec,
            2: self.width,
            3: self.height,
            4: self.sample_rate,
            5: self.channels,
            6: self.language,
        }

    @classmethod
    def from_cbor(cls, value: CborValue) -> TrackMeta:
        """Return the track that ``to_cbor`` gave.

        Raises:
            MalformedError: ``value`` is not one.
        """
        fields = Fields(as_map(value))
        track = cls(
            kind=TrackKind(fields.integer(0, least=1, most=len(TrackKind))),
            codec=fields.text(1),
            width=fields.integer(2),
            height=fields.integer(3),
            sample_rate=fields.integer(4),
            channels=fields.integer(5),
            language=fields.text(6),
        )
        fields.finish()
        return track


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What whoever seals a file says about it."""

    content_type: str
    """Of the plaintext, such as ``video/mp4``."""

    title: str = ""
    duration_ms: int = 0
    tracks: tuple[TrackMeta, ...] = ()
    digests_root: bytes | None = None
    """Root of the source's segment digests, where the service had signed any."""

    created_at: int = 0
    """Seconds since 1970, UTC; 0 when it was not told."""

    sdk_version: str = ""
    plaintext_sha256: bytes | None = None
    """Left out as a rule: the parts are authentic, and the hash costs more than the sealing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedMeta:
    """``Meta`` with what ties it to its file."""

    plaintext_size: int
    part_table: bytes
    """Salt and commitment of each part, 56 bytes each, in order."""

    meta: Meta

    def prefix(self, part: int) -> bytes:
        """Return salt and commitment of one part."""
        return self.part_table[part * PREFIX_SIZE : (part + 1) * PREFIX_SIZE]

    def encode(self) -> bytes:
        """Return the meta's plaintext."""
        meta = self.meta
        fields: CborMap = {
            0: _VERSION,
            1: self.plaintext_size,
            2: self.part_table,
            3: meta.content_type,
            5: meta.title,
            6: meta.duration_ms,
            7: [track.to_cbor() for track in meta.tracks],
            11: meta.created_at,
            12: meta.sdk_version,
        }
        if meta.plaintext_sha256 is not None:
            fields[4] = meta.plaintext_sha256
        if meta.digests_root is not None:
            fields[10] = meta.digests_root
        return encode(fields)

    @classmethod
    def decode(cls, data: bytes, *, plaintext_size: int) -> SealedMeta:
        """Return the meta of a file whose header says ``plaintext_size``.

        Raises:
            UnsupportedVersionError: Written by a later version.
            MalformedError: A field is missing, unknown or out of its bounds, or
                the meta is that of a file of another length.
        """
        fields = decode_map(data)
        fields.version(_VERSION)
        if fields.integer(1) != plaintext_size:
            raise MalformedError("header and meta disagree about the length")
        table = fields.octets(2, size=part_count(plaintext_size) * PREFIX_SIZE)
        meta = Meta(
            content_type=fields.text(3),
            plaintext_sha256=fields.octets(4, size=_HASH_SIZE) if fields.has(4) else None,
            title=fields.text(5),
            duration_ms=fields.integer(6),
            tracks=tuple(map(TrackMeta.from_cbor, fields.items(7, most=_MAX_TRACKS))),
            digests_root=fields.octets(10, size=_HASH_SIZE) if fields.has(10) else None,
            created_at=fields.integer(11),
            sdk_version=fields.text(12),
        )
        fields.finish()
        return cls(plaintext_size=plaintext_size, part_table=table, meta=meta)
