"""Whether a picture that is copied stays one picture for whoever reads the stream.

An MP4 says where a picture ends; a transport stream does not. Its readers cut
before the first NAL unit that can only belong to the next picture (H.264,
7.4.1.2.3 and 7.4.1.2.4). What such a cut leaves over has no times of its own.
"""

from __future__ import annotations

from typing import Final

__all__ = ["is_one_picture", "nal_length_size"]

_SLICES: Final = frozenset({1, 2, 5})
_BEGINNINGS: Final = frozenset({6, 7, 8, 9})
"""SEI, parameter sets and delimiters stand before the slices of their picture."""
_TYPE: Final = 0x1F
_MOST_BITS: Final = 48
_AVCC_SIZE: Final = 7


def nal_length_size(extradata: bytes | None) -> int:
    """Return how many bytes say the length of a NAL unit (ISO 14496-15), 0 when start codes do."""
    if extradata is None or len(extradata) < _AVCC_SIZE or extradata[0] != 1:
        return 0
    return (extradata[4] & 3) + 1


def is_one_picture(sample: memoryview, length_size: int) -> bool:
    """Return whether no reader of ``sample`` would see a second picture begin in it."""
    at, last = 0, -1
    while at + length_size < len(sample):
        size = int.from_bytes(sample[at : at + length_size])
        if not size:
            return False
        at += length_size
        kind = sample[at] & _TYPE
        if kind in _SLICES:
            first = _first_macroblock(sample[at + 1 : at + size])
            if first <= last:
                return False
            last = first
        elif kind in _BEGINNINGS and last >= 0:
            return False
        at += size
    return at == len(sample)


def _first_macroblock(slice_header: memoryview) -> int:
    """Return what the slice begins with, ue(v) of 9.1; -1 when that is no number."""
    bits = int.from_bytes(bytes(slice_header[: _MOST_BITS // 8]).ljust(_MOST_BITS // 8, b"\0"))
    zeros = _MOST_BITS - bits.bit_length()
    rest = _MOST_BITS - 2 * zeros - 1
    return (bits >> rest) - 1 if rest >= 0 else -1
