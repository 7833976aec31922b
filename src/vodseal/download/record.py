"""The job as it is stored: canonical CBOR, sealed under the job key (security.md 3.3).

With it, processing needs neither the network nor whoever made the job. Its
context names the download, so a record cannot stand in for another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import CborMap, CborValue, Fields, as_map, decode_map, encode
from vodseal.container.cobblestone import open_message, seal_message
from vodseal.container.keys import job_key
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["decode_job", "encode_job", "open_job", "seal_job"]

_VERSION: Final = 1
_LABEL: Final = b"vodseal1/job\0"
_ID_SIZE: Final = 16
_AES_SIZE: Final = 16
_HASH_SIZE: Final = 32
_MAX_SEGMENTS: Final = 1 << 20
_MAX_TEXT: Final = 1 << 14
_INIT: Final = 1
_DISCONTINUITY: Final = 2
_KINDS: Final[Mapping[int, SourceKind]] = {1: SourceKind.HLS, 2: SourceKind.RANGES}


def seal_job(job: JobSpec, content_key: bytes) -> bytes:
    """Return the record of ``job``, sealed under the content key of its download."""
    key = job_key(content_key, job.download_id)
    return seal_message(key, _LABEL + job.download_id, encode_job(job))


def open_job(sealed: bytes, content_key: bytes, download_id: bytes) -> JobSpec:
    """Return the job of a record.

    Raises:
        TamperedError: Another key, another download, or altered bytes.
        TruncatedError: It is cut short.
        UnsupportedVersionError: Written by a later version.
        MalformedError: It is authentic, and not allowed.
    """
    key = job_key(content_key, download_id)
    return decode_job(open_message(key, _LABEL + download_id, sealed))


def encode_job(job: JobSpec) -> bytes:
    """Return ``job`` as CBOR. It holds transport keys: for pipes and sealed records only."""
    fields: CborMap = {
        0: _VERSION,
        1: next(number for number, kind in _KINDS.items() if kind is job.kind),
        2: job.download_id,
        3: job.secure,
        4: [_segment_to_cbor(segment) for segment in job.segments],
        7: job.title,
        8: job.duration_ms,
        9: job.content_type,
    }
    if job.digest_algorithm is not None:
        fields[5] = job.digest_algorithm
        fields[6] = b"".join(job.digests)
    if job.digests_root is not None:
        fields[11] = job.digests_root
    if job.size is not None:
        fields[10] = job.size
    return encode(fields)


def decode_job(data: bytes) -> JobSpec:
    """Return the job that ``encode_job`` gave.

    Raises:
        UnsupportedVersionError: Written by a later version.
        MalformedError: A field is missing, unknown or out of its bounds.
    """
    fields = decode_map(data)
    fields.version(_VERSION)
    kind = _KINDS.get(fields.integer(1))
    if kind is None:
        raise MalformedError("unknown kind of source")
    algorithm = fields.integer(5) if fields.has(5) else None
    job = JobSpec(
        kind=kind,
        download_id=fields.octets(2, size=_ID_SIZE),
        secure=fields.boolean(3),
        segments=tuple(map(_segment_from_cbor, fields.items(4, most=_MAX_SEGMENTS))),
        digest_algorithm=algorithm,
        digests=() if algorithm is None else _split(fields.octets(6)),
        digests_root=fields.octets(11, size=_HASH_SIZE) if fields.has(11) else None,
        title=fields.text(7, most=_MAX_TEXT),
        duration_ms=fields.integer(8),
        content_type=fields.text(9),
        size=fields.integer(10) if fields.has(10) else None,
    )
    fields.finish()
    return job


def _split(digests: bytes) -> tuple[bytes, ...]:
    if len(digests) % _HASH_SIZE:
        raise MalformedError("digests have 32 bytes each")
    return tuple(digests[at : at + _HASH_SIZE] for at in range(0, len(digests), _HASH_SIZE))


def _segment_to_cbor(segment: SegmentSpec) -> CborMap:
    flags = _INIT * segment.init + _DISCONTINUITY * segment.discontinuity
    fields: CborMap = {
        0: segment.url,
        1: segment.path,
        2: flags,
        3: round(segment.duration * 1000),
    }
    if segment.start is not None and segment.length is not None:
        fields[4] = [segment.start, segment.length]
    if segment.key is not None and segment.iv is not None:
        fields[5] = segment.key
        fields[6] = segment.iv
    if segment.size is not None:
        fields[7] = segment.size
    return fields


def _segment_from_cbor(value: CborValue) -> SegmentSpec:
    fields = Fields(as_map(value))
    start, length = _range(fields.items(4, most=2)) if fields.has(4) else (None, None)
    encrypted = fields.has(5)
    flags = fields.integer(2, most=_INIT + _DISCONTINUITY)
    segment = SegmentSpec(
        url=fields.text(0, most=_MAX_TEXT),
        path=fields.text(1, most=_MAX_TEXT),
        init=bool(flags & _INIT),
        discontinuity=bool(flags & _DISCONTINUITY),
        duration=fields.integer(3) / 1000,
        start=start,
        length=length,
        key=fields.octets(5, size=_AES_SIZE) if encrypted else None,
        iv=fields.octets(6, size=_AES_SIZE) if encrypted else None,
        size=fields.integer(7) if fields.has(7) else None,
    )
    fields.finish()
    return segment


def _range(values: list[CborValue]) -> tuple[int, int]:
    match values:
        case [int(start), int(length)] if start >= 0 and length > 0:
            return start, length
        case _:
            raise MalformedError("a byte range has a start and a length")
