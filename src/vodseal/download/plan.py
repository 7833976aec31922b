"""What a job is made of, piece by piece; and how far it got.

A playlist gives one piece for each segment and each change of initialisation
section; a single file gives one for every 4 MiB. A piece is fetched, checked,
sealed and staged as a whole, or it does not exist.

``Meter`` promises what a listener may rely on (client-surface B29): percents
are integers from 0 to 100, never go back, and reach 100 only with the last
piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from vodseal.container.staging import PieceId, piece_source_id
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vodseal.media.playlist import InitSection, MediaPlaylist, SegmentKey

__all__ = [
    "RANGE_SIZE",
    "SEGMENT_LIMIT",
    "Meter",
    "Piece",
    "hls_segments",
    "key_uris",
    "pieces_of",
    "ranges_segment",
]

RANGE_SIZE: Final = 4 << 20
"""Bytes of a file that are fetched at once."""

SEGMENT_LIMIT: Final = 64 << 20
"""No segment may be longer: each connection holds one in memory."""

_KEY_SIZE: Final = 16
_ALMOST: Final = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One unit of fetching, checking and staging."""

    sequence: int
    """Number of the segment, from 0."""
    number: int
    """Number of the piece within its segment, from 0."""
    segment: SegmentSpec
    start: int | None
    """First byte to ask for; None for the whole resource."""
    size: int | None
    """Bytes that it must have, where they are known. Always known with ``start``."""
    digest: bytes | None
    weight: float
    """Its share of the job where no bytes are known: seconds, or 1."""

    @property
    def key(self) -> tuple[int, int]:
        """Return what names it within its job."""
        return self.sequence, self.number

    def identity(self, download_id: bytes) -> PieceId:
        """Return what it is sealed as."""
        segment = self.segment
        return PieceId(
            download_id=download_id,
            sequence=self.sequence,
            piece=self.number,
            source_id=piece_source_id(
                uri_path=segment.path,
                start=self.start or 0,
                length=(self.size or 0) if self.start is not None else 0,
                method="NONE" if segment.key is None else "AES-128",
                iv=segment.iv or b"",
            ),
        )


def pieces_of(job: JobSpec, total_size: int | None = None) -> tuple[Piece, ...]:
    """Return the pieces of ``job`` in order; ``total_size`` is that of its one file.

    Raises:
        MisuseError: A ranges job has not one segment, or its size is not known.
        DownloadError: There is nothing to fetch, or there are not as many digests
            as pieces: they were signed for another stream (URL_CANNOT_REACH).
    """
    if job.kind is SourceKind.RANGES:
        pieces = tuple(_ranges(job, total_size))
    else:
        pieces = tuple(_segments(job))
    if not pieces:
        raise DownloadError(ErrorCode.URL_CANNOT_REACH, "the stream is empty")
    if job.digest_algorithm is not None and len(job.digests) != len(pieces):
        msg = f"{len(job.digests)} digests were signed, and the stream has {len(pieces)} pieces"
        raise DownloadError(ErrorCode.URL_CANNOT_REACH, msg)
    return pieces


def key_uris(playlist: MediaPlaylist) -> tuple[str, ...]:
    """Return the URIs of the keys to fetch, each once, in order of use.

    Raises:
        DownloadError: A segment is encrypted in a way that we do not open
            (ENCRYPTION_NOT_SUPPORT, B40).
    """
    if playlist.unsupported_key() is not None:
        raise DownloadError(ErrorCode.ENCRYPTION_NOT_SUPPORT, "the stream is not AES-128 HLS")
    keys = (
        key
        for segment in playlist.segments
        for key in (segment.map.key if segment.map else None, segment.key)
        if key is not None
    )
    return tuple(dict.fromkeys(key.uri for key in keys))


def hls_segments(
    playlist: MediaPlaylist,
    keys: Mapping[str, bytes],
    *,
    convert: Callable[[str], str] | None = None,
) -> tuple[SegmentSpec, ...]:
    """Return the segments of a job; ``keys`` holds the 16 bytes of each key URI.

    ``convert`` sees every URL that will be fetched (B44). Pieces keep the
    identity of the playlist's own URL.

    Raises:
        DownloadError: A key is missing or has not 16 bytes (GET_AES_KEY_FAIL),
            or the encryption is not supported (ENCRYPTION_NOT_SUPPORT).
    """
    key_uris(playlist)
    specs: list[SegmentSpec] = []
    current: InitSection | None = None
    for segment in playlist.segments:
        if segment.map is not None and segment.map != current:
            specs.append(_init_spec(segment.map, keys, convert))
        current = segment.map
        start, length = None, None
        if segment.byterange is not None:
            start, length = segment.byterange.offset, segment.byterange.length
        key = _transport_key(segment.key, keys)
        specs.append(
            SegmentSpec(
                url=convert(segment.uri) if convert else segment.uri,
                path=urlsplit(segment.uri).path,
                start=start,
                length=length,
                key=key,
                iv=None if key is None else segment.iv(),
                duration=segment.duration,
                discontinuity=segment.discontinuity,
            )
        )
    return tuple(specs)


def ranges_segment(
    url: str, *, size: int | None = None, convert: Callable[[str], str] | None = None
) -> SegmentSpec:
    """Return the one segment of a ranges job: a file at ``url``."""
    fetched = convert(url) if convert else url
    return SegmentSpec(url=fetched, path=urlsplit(url).path, size=size)


class Meter:
    """How much of a job is done, in bytes and percent."""

    def __init__(self, pieces: tuple[Piece, ...], size_hint: int | None) -> None:
        """Weigh by bytes where a size is told, else by seconds or pieces."""
        self.total = size_hint or None
        self.done = 0
        self.percent = 0
        self._weights = {piece.key: piece.weight for piece in pieces}
        self._weight = sum(self._weights.values()) or 1.0
        self._done_weight = 0.0

    def add(self, piece: Piece, size: int) -> None:
        """Count a piece that is durable."""
        self.done += size
        self._done_weight += self._weights.pop(piece.key)
        self._raise_to(self.done)

    def look(self, in_flight: int) -> None:
        """Count bytes that arrived and are not durable yet, for this look only."""
        self._raise_to(self.done + in_flight)

    @property
    def complete(self) -> bool:
        """Return whether every piece was added."""
        return not self._weights

    def _raise_to(self, done: int) -> None:
        share = self._done_weight / self._weight
        if self.total:
            share = done / max(self.total, done, 1)
        reached = 100 if self.complete else min(_ALMOST, int(100 * share))
        self.percent = max(self.percent, reached)


def _segments(job: JobSpec) -> Iterator[Piece]:
    for sequence, segment in enumerate(job.segments):
        yield Piece(
            sequence=sequence,
            number=0,
            segment=segment,
            start=segment.start,
            size=segment.size if segment.start is None else segment.length,
            digest=job.digests[sequence] if sequence < len(job.digests) else None,
            weight=segment.duration or 1.0,
        )


def _ranges(job: JobSpec, total_size: int | None) -> Iterator[Piece]:
    if len(job.segments) != 1 or total_size is None:
        raise MisuseError("a ranges job has one segment, and a size")
    for number, start in enumerate(range(0, total_size, RANGE_SIZE)):
        yield Piece(
            sequence=0,
            number=number,
            segment=job.segments[0],
            start=start,
            size=min(RANGE_SIZE, total_size - start),
            digest=job.digests[number] if number < len(job.digests) else None,
            weight=1.0,
        )


def _init_spec(
    section: InitSection, keys: Mapping[str, bytes], convert: Callable[[str], str] | None
) -> SegmentSpec:
    if section.key is not None and section.key.iv is None:
        msg = "an encrypted initialisation section has no IV (RFC 8216, 4.3.2.5)"
        raise DownloadError(ErrorCode.ENCRYPTION_NOT_SUPPORT, msg)
    key = _transport_key(section.key, keys)
    return SegmentSpec(
        url=convert(section.uri) if convert else section.uri,
        path=urlsplit(section.uri).path,
        start=section.byterange.offset if section.byterange else None,
        length=section.byterange.length if section.byterange else None,
        key=key,
        iv=section.key.iv if section.key else None,
        init=True,
    )


def _transport_key(key: SegmentKey | None, keys: Mapping[str, bytes]) -> bytes | None:
    if key is None:
        return None
    value = keys.get(key.uri, b"")
    if len(value) != _KEY_SIZE:
        raise DownloadError(ErrorCode.GET_AES_KEY_FAIL, "the key server did not give 16 bytes")
    return value
