"""Staged pieces become streams: each run whole, in order, opened once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.download.stage_world import CK, StageWorld, segment_bytes
from tests.unit.download.test_check import IV, KEY, encrypt

from vodseal.container.cobblestone import BLOCK_ROOM
from vodseal.download.job import SegmentSpec
from vodseal.download.plan import pieces_of
from vodseal.download.staged_source import PieceReader, RunStream, runs_of
from vodseal.download.staging import piece_name
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, TamperedError, TruncatedError

if TYPE_CHECKING:
    from vodseal.download.plan import Piece

S = SegmentSpec(url="u", path="/p")
INIT = replace(S, init=True)
JUMP = replace(S, discontinuity=True)


@pytest.mark.parametrize(
    ("segments", "runs"),
    [
        ([S, S, S], [[0, 1, 2]]),
        ([JUMP, S], [[0, 1]]),
        ([S, JUMP, S, JUMP], [[0], [1, 2], [3]]),
        ([INIT, S, S], [[0, 1, 2]]),
        ([INIT, S, INIT, S, S], [[0, 1], [2, 3, 4]]),
        ([INIT, S, INIT, JUMP, S], [[0, 1], [2, 3, 4]]),
        ([INIT, S, JUMP, S], [[0, 1], [0, 2, 3]]),
        ([INIT, INIT, S, INIT], [[1, 2]]),
        ([INIT], []),
    ],
)
def test_a_run_ends_where_time_jumps_and_starts_with_its_initialisation(
    segments: list[SegmentSpec], runs: list[list[int]]
) -> None:
    assert runs_of(segments) == runs


class Counting:
    """Opens pieces that lie in memory, and notes which."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.opened: list[int] = []

    def open(self, position: int) -> memoryview:
        self.opened.append(position)
        return memoryview(self.pieces[position])


@pytest.mark.parametrize("size", [1, 3, 4, 100, -1])
def test_a_stream_joins_its_pieces_and_opens_each_once(size: int) -> None:
    opener = Counting(b"abcd", b"ef", b"ghijk", b"not mine")
    stream, data = RunStream(opener, [0, 1, 2]), b""
    while part := stream.read(size):
        data += part
    assert data == b"abcdefghijk"
    assert opener.opened == [0, 1, 2]


def test_looking_ahead_reads_nothing_and_opens_no_second_piece() -> None:
    opener = Counting(b"abcd", b"ef")
    stream = RunStream(opener, [0, 1])
    assert stream.head(2) == b"ab"
    assert stream.head(99) == b"abcd"
    assert opener.opened == [0]
    assert stream.read(4) == b"abcd"
    assert stream.head(2) == b"ef"


def reader(world: StageWorld, pieces: tuple[Piece, ...], asked: list[int]) -> PieceReader:
    return PieceReader(world.stage, CK, world.entry.download_id, pieces, asked.append)


def test_pieces_are_waited_for_and_opened(world: StageWorld) -> None:
    for piece in world.pieces:
        world.stage_piece(piece)
    asked: list[int] = []
    opened = reader(world, world.pieces, asked)
    for position in (0, 5, 3):
        assert opened.open(position) == segment_bytes(position)
        assert opened.at == position
    assert asked == [0, 5, 3]


def test_the_transport_cipher_is_opened_too(world: StageWorld) -> None:
    job = world.make_job(signed=False)
    segments = tuple(replace(segment, key=KEY, iv=IV) for segment in job.segments)
    pieces = pieces_of(replace(job, segments=segments))
    data = encrypt(segment_bytes(1))
    written = world.staging.seal(pieces[1], memoryview(data), bytearray(BLOCK_ROOM))
    world.staging.commit(world.journal, [written])
    assert reader(world, pieces, []).open(1) == segment_bytes(1)

    wrong = tuple(replace(segment, key=b"X" * 16) for segment in segments)
    with pytest.raises(DownloadError) as caught:
        reader(world, pieces_of(replace(job, segments=wrong)), []).open(1)
    assert caught.value.code is ErrorCode.ENCRYPT_ERROR


def test_a_piece_that_is_gone_or_altered_is_told(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    with pytest.raises(TruncatedError):
        reader(world, world.pieces, []).open(1)
    path = world.stage.path / piece_name(0, 0)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(TamperedError):
        reader(world, world.pieces, []).open(0)


def test_a_run_is_given_piece_by_piece_too() -> None:
    class Numbers:
        def open(self, position: int) -> memoryview:
            return memoryview(bytes([position]) * 4)

    assert [bytes(one) for one in RunStream(Numbers(), [2, 0]).pieces()] == [b"\2" * 4, b"\0" * 4]
    begun = RunStream(Numbers(), [1, 3])
    assert begun.head(9) == b"\1" * 4
    assert begun.read(1) == b"\1"
    assert [bytes(one) for one in begun.pieces()] == [b"\1" * 3, b"\3" * 4]
    assert begun.read() == b""
