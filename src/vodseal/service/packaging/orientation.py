"""How a picture has to be turned before it is shown.

Containers store a 3x3 display matrix of 16.16 numbers, row by row; FFmpeg hands
it on in the machine's byte order. Phones write quarter turns and mirrors; every
other matrix (shear, free angles) is shown as it is stored, as players do.
"""

from __future__ import annotations

import struct
from enum import Enum

__all__ = ["Orientation"]

_MATRIX = struct.Struct("=9i")


class Orientation(Enum):
    """One of the eight ways a picture can lie. The value is the filter chain that corrects it."""

    UPRIGHT = ""
    MIRRORED = "hflip"
    UPSIDE_DOWN = "hflip,vflip"
    FLIPPED = "vflip"
    QUARTER_LEFT = "transpose=clock"
    """The top lies left: a quarter turn clockwise corrects it, as for a phone held upright."""
    QUARTER_RIGHT = "transpose=cclock"
    TRANSPOSED = "transpose=cclock_flip"
    ANTI_TRANSPOSED = "transpose=clock_flip"

    @property
    def is_sideways(self) -> bool:
        """Whether width and height change places when it is corrected."""
        return self.value.startswith("transpose")

    @property
    def degrees(self) -> int:
        """How far the correction turns clockwise: 0, 90, 180 or 270; mirrors apart."""
        return _DEGREES.get(self, 0)

    @classmethod
    def from_matrix(cls, matrix: bytes) -> Orientation:
        """Return what a display matrix asks for; a matrix that is none asks for nothing."""
        if len(matrix) != _MATRIX.size:
            return cls.UPRIGHT
        a, b, _, c, d, *_ = _MATRIX.unpack(matrix)
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return _STRAIGHT[a < 0, d < 0]
        return _SIDEWAYS[b < 0, c < 0]


_STRAIGHT = {
    (False, False): Orientation.UPRIGHT,
    (True, False): Orientation.MIRRORED,
    (True, True): Orientation.UPSIDE_DOWN,
    (False, True): Orientation.FLIPPED,
}
_SIDEWAYS = {
    (False, True): Orientation.QUARTER_LEFT,
    (True, False): Orientation.QUARTER_RIGHT,
    (False, False): Orientation.TRANSPOSED,
    (True, True): Orientation.ANTI_TRANSPOSED,
}
_DEGREES = {
    Orientation.QUARTER_LEFT: 90,
    Orientation.UPSIDE_DOWN: 180,
    Orientation.QUARTER_RIGHT: 270,
}
