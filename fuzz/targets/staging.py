"""What lies on disk while a download is under way: staged pieces, the record of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz import kit
from vodseal.container.cobblestone import seal_message
from vodseal.container.keys import job_key, stage_key
from vodseal.container.staging import PieceId, open_piece, piece_source_id, seal_piece
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.record import decode_job, encode_job, open_job

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 1
KEY: Final = bytes(range(32))
ID: Final = b"download-id-0016"
STAGE_KEY: Final = stage_key(KEY, ID)
JOB_KEY: Final = job_key(KEY, ID)
SOURCE: Final = piece_source_id(uri_path="/a", method="AES-128", iv=bytes(16))


def test_one(data: bytes) -> bool:
    """The first byte says which, and how: 0 a sealed record, 1 one behind its seal, 2 a piece."""
    if not data:
        return False
    content = data[1:]
    if data[0] % 3 == 0:
        return kit.takes(lambda: open_job(content, KEY, ID))
    if data[0] % 3 == 1:
        sealed = seal_message(JOB_KEY, b"vodseal1/job\0" + ID, content)
        assert kit.takes(lambda: open_job(sealed, KEY, ID)) == kit.takes(
            lambda: decode_job(content)
        )
        return kit.takes(lambda: open_job(sealed, KEY, ID))
    piece = PieceId(download_id=ID, sequence=3, piece=0, source_id=SOURCE)
    taken = kit.takes(lambda: open_piece(STAGE_KEY, piece, content))
    assert not kit.takes(lambda: open_piece(STAGE_KEY, piece, content, prefix=content[:55]))
    return taken


def seeds() -> Iterator[bytes]:
    segments = (
        SegmentSpec(url="https://h/i", path="/i", init=True, start=0, length=9),
        SegmentSpec(url="https://h/a?k=1", path="/a", key=b"K" * 16, iv=b"I" * 16, duration=6.006),
    )
    hls = JobSpec(
        kind=SourceKind.HLS,
        download_id=ID,
        secure=True,
        segments=segments,
        digest_algorithm=2,
        digests=(bytes(32), bytes(32)),
        digests_root=bytes(32),
        title="A film",
    )
    ranges = JobSpec(
        kind=SourceKind.RANGES, download_id=ID, secure=False, segments=segments[1:], size=9
    )
    for job in (hls, ranges):
        yield b"\1" + encode_job(job)
    piece = PieceId(download_id=ID, sequence=3, piece=0, source_id=SOURCE)
    for data in (b"", b"a segment" * 9, bytes(16384), bytes(16385)):
        yield b"\2" + bytes(seal_piece(STAGE_KEY, piece, data).sealed)
    for _, data in kit.vectors("container", "piece"):
        yield b"\2" + data
    yield b"\0" + seal_message(JOB_KEY, b"vodseal1/job\0" + ID, encode_job(ranges))
