from __future__ import annotations

import struct

import pytest

from vodseal.service.packaging.orientation import Orientation

ONE = 1 << 16
# Where a matrix (a b; c d) sends the stored pixel (x, y): (a x + c y, b x + d y).
MATRICES = {
    Orientation.UPRIGHT: (1, 0, 0, 1),
    Orientation.MIRRORED: (-1, 0, 0, 1),
    Orientation.FLIPPED: (1, 0, 0, -1),
    Orientation.UPSIDE_DOWN: (-1, 0, 0, -1),
    Orientation.QUARTER_LEFT: (0, 1, -1, 0),
    Orientation.QUARTER_RIGHT: (0, -1, 1, 0),
    Orientation.TRANSPOSED: (0, 1, 1, 0),
    Orientation.ANTI_TRANSPOSED: (0, -1, -1, 0),
}


def matrix(a: int, b: int, c: int, d: int, scale: int = ONE) -> bytes:
    return struct.pack("=9i", a * scale, b * scale, 0, c * scale, d * scale, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize("orientation", Orientation)
def test_every_orientation_is_recognised(orientation):
    assert Orientation.from_matrix(matrix(*MATRICES[orientation])) is orientation
    assert Orientation.from_matrix(matrix(*MATRICES[orientation], scale=3 * ONE)) is orientation


@pytest.mark.parametrize("data", [b"", bytes(35), bytes(36), bytes(64)])
def test_what_is_no_matrix_asks_for_nothing(data):
    assert Orientation.from_matrix(data) is Orientation.UPRIGHT


def test_a_free_angle_is_taken_for_the_nearest_quarter():
    near = struct.pack("=9i", ONE // 10, ONE, 0, -ONE, ONE // 10, 0, 0, 0, 1 << 30)
    assert Orientation.from_matrix(near) is Orientation.QUARTER_LEFT


def test_degrees_and_sides():
    turns = {o.name: o.degrees for o in Orientation if o.degrees}
    assert turns == {"QUARTER_LEFT": 90, "UPSIDE_DOWN": 180, "QUARTER_RIGHT": 270}
    assert sum(o.is_sideways for o in Orientation) == 4
