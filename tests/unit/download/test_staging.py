"""A row stands for a durable file, and recovery knows what to keep."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3
from tests.unit.download.stage_world import StageWorld, segment_bytes

from vodseal.container.cobblestone import BLOCK_ROOM, BLOCK_SIZE
from vodseal.download.plan import pieces_of
from vodseal.download.staging import piece_name
from vodseal.errors import TamperedError

if TYPE_CHECKING:
    from vodseal.download.journal import StagedPiece


def recovered(world: StageWorld) -> dict[tuple[int, int], StagedPiece]:
    return world.staging.recover(world.journal, world.pieces)


def test_a_staged_piece_comes_back(world: StageWorld) -> None:
    world.stage_piece(world.pieces[2])
    assert world.read(world.pieces[2]) == segment_bytes(2)
    assert recovered(world).keys() == {(2, 0)}
    assert recovered(world)[2, 0].size == len(segment_bytes(2))


def test_a_staged_piece_is_sealed(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    data = (world.stage.path / piece_name(0, 0)).read_bytes()
    assert segment_bytes(0)[:32] not in data


def test_a_piece_does_not_stand_in_for_another(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    world.stage.rename(piece_name(0, 0), piece_name(1, 0))
    with pytest.raises(TamperedError):
        world.read(world.pieces[1])


def test_a_kill_while_writing_leaves_nothing(world: StageWorld) -> None:
    (world.stage.path / (piece_name(0, 0) + ".tmp")).write_bytes(b"half")
    assert recovered(world) == {}
    assert world.stage.names() == []


def test_a_whole_file_without_a_row_is_adopted(world: StageWorld) -> None:
    world.stage_piece(world.pieces[3], commit=False)
    assert world.journal.pieces() == []
    assert recovered(world).keys() == {(3, 0)}
    assert [row.sequence for row in world.journal.pieces()] == [3]
    assert world.read(world.pieces[3]) == segment_bytes(3)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_file_without_a_row_is_deleted(world: StageWorld, damage: str) -> None:
    world.stage_piece(world.pieces[3], commit=False)
    path = world.stage.path / piece_name(3, 0)
    data = bytearray(path.read_bytes())
    data[70] ^= damage == "flip"
    path.write_bytes({"cut": data[:-1], "flip": data, "empty": b""}[damage])
    assert recovered(world) == {}
    assert world.stage.names() == []


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_row_whose_file_does_not_fit_is_forgotten(world: StageWorld, damage: str) -> None:
    for piece in world.pieces[:2]:
        world.stage_piece(piece)
    path = world.stage.path / piece_name(0, 0)
    data = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(data[:-1])
    assert recovered(world).keys() == {(1, 0)}
    assert [row.sequence for row in world.journal.pieces()] == [1]
    assert world.stage.names() == [piece_name(1, 0)]


def test_pieces_of_another_plan_are_dropped(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    world.stage_piece(world.pieces[1], commit=False)
    other = pieces_of(world.make_job("/remade"))
    assert world.staging.recover(world.journal, other) == {}
    assert world.stage.names() == []
    assert world.journal.pieces() == []


def test_a_fresh_signature_keeps_them(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    again = pieces_of(world.make_job())
    assert world.staging.recover(world.journal, again).keys() == {(0, 0)}


def test_a_second_attempt_takes_the_place_of_the_first(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    first = world.journal.pieces()[0].prefix
    world.stage_piece(world.pieces[0])
    assert len(world.journal.pieces()) == 1
    assert world.journal.pieces()[0].prefix != first
    assert world.read(world.pieces[0]) == segment_bytes(0)


def test_a_discarded_piece_has_neither_row_nor_file(world: StageWorld) -> None:
    world.stage_piece(world.pieces[0])
    world.staging.discard(world.journal, (0, 0))
    assert world.stage.names() == []
    assert world.journal.pieces() == []


def test_a_piece_that_is_not_what_was_signed_gets_no_name(world: StageWorld) -> None:
    data, room = memoryview(segment_bytes(1)), bytearray(BLOCK_ROOM)
    assert world.staging.seal(world.pieces[0], data, room, 2) is None
    assert world.stage.names() == []
    written = world.staging.seal(world.pieces[1], data, room, 2)
    assert written is not None
    world.staging.commit(world.journal, [written])
    assert world.read(world.pieces[1]) == segment_bytes(1)


@pytest.mark.parametrize("size", [0, 1, BLOCK_SIZE, 3 * BLOCK_SIZE + 5])
def test_a_piece_of_many_blocks_is_one_message(world: StageWorld, size: int) -> None:
    data = random.Random(size).randbytes(size)
    piece = replace(world.pieces[0], digest=blake3(data).digest())
    written = world.staging.seal(piece, memoryview(data), bytearray(BLOCK_ROOM), 2)
    assert written is not None
    world.staging.commit(world.journal, [written])
    assert (written.row.size, world.read(piece)) == (size, data)


def test_a_failed_sync_keeps_nothing_of_the_group(world: StageWorld) -> None:
    """Linux forgets the error: a second sync would succeed over lost bytes."""
    data = memoryview(segment_bytes(0))
    written = world.staging.seal(world.pieces[0], data, bytearray(BLOCK_ROOM))
    assert written.handle is not None
    os.close(written.handle)  # the sync will fail with EBADF
    with pytest.raises(OSError):
        world.staging.commit(world.journal, [written])
    assert world.stage.names() == []
    assert world.journal.pieces() == []
