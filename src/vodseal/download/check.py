"""Whether received bytes are the piece that they should be.

With a signed digest the answer is certain. Without one it is what can be known:
that the padding of the transport cipher is right, which a cut shows up in, and
that the content has the structure of its kind from end to end: sync bytes of a
transport stream, boxes of a fragment. A flipped bit in the middle of a picture
then passes, and the result says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vodseal.download.job import JobSpec, SourceKind
from vodseal.download.retry import Trouble
from vodseal.license.digests import DigestAlgorithm, digest_segment

if TYPE_CHECKING:
    from vodseal.download.plan import Piece

__all__ = ["TransportOpener", "find_fault", "has_wrong_length", "open_transport", "unchecked_in"]

_BLOCK: Final = 16
_TS_PACKET: Final = 188
_TS_SYNC: Final = b"\x47"
_BOX_HEADER: Final = 8
_LARGE_BOX_HEADER: Final = 16
_BOX_NAMES: Final = {
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"emsg", b"prft", b"free",
    b"skip", b"uuid", b"wide", b"udta", b"meta", b"pdin", b"mfra",
}  # fmt: skip


class TransportOpener:
    """Opens an AES-128 segment that comes in stretches (RFC 8216, 4.3.2.4)."""

    def __init__(self, key: bytes, iv: bytes, room: memoryview) -> None:
        """Open into ``room``, which has 16 bytes more than the segment."""
        self._decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        self._room = room
        self._size = 0

    def update(self, data: memoryview) -> None:
        """Take what follows."""
        self._size += self._decryptor.update_into(data, self._room[self._size :])

    def finish(self) -> memoryview | None:
        """Return the plaintext, within the room; None when size or padding are wrong."""
        try:
            self._decryptor.finalize()
        except ValueError:
            return None
        padding = self._room[self._size - 1] if self._size else 0
        if not 1 <= padding <= _BLOCK:
            return None
        content = self._room[: self._size - padding]
        tail = bytes(self._room[self._size - padding : self._size])
        return content if tail == bytes([padding]) * padding else None


def open_transport(data: memoryview, key: bytes, iv: bytes, room: memoryview) -> memoryview | None:
    """Return the plaintext of an AES-128 segment, within ``room``, as ``TransportOpener``."""
    opener = TransportOpener(key, iv, room)
    opener.update(data)
    return opener.finish()


def has_wrong_length(piece: Piece, data: memoryview) -> bool:
    """Return whether ``data`` cannot be the piece, by its length."""
    return piece.size not in {None, len(data)}


def find_fault(
    piece: Piece, data: memoryview, algorithm: int | None, room: memoryview
) -> Trouble | None:
    """Return what is wrong with ``data``, or None. ``room`` as in ``open_transport``."""
    if has_wrong_length(piece, data):
        return Trouble.LENGTH
    if algorithm is not None:
        found = digest_segment(DigestAlgorithm(algorithm), data)
        return None if found == piece.digest else Trouble.DIGEST
    if piece.number > 0:
        return None  # the middle of a file has no structure of its own
    segment, content = piece.segment, data
    if segment.key is not None and segment.iv is not None:
        opened = open_transport(data, segment.key, segment.iv, room)
        if opened is None:
            return Trouble.STRUCTURE
        content = opened
    whole = piece.start is None or segment.start is not None
    return None if _is_media(content, whole=whole) else Trouble.STRUCTURE


def unchecked_in(job: JobSpec, *, lengths_announced: bool) -> tuple[str, ...]:
    """Return what could not be checked, in words for a person."""
    notes = []
    if job.digest_algorithm is None and job.kind is SourceKind.HLS:
        notes.append("content of segments: nobody signed digests; structure was checked")
    if job.digest_algorithm is None and job.kind is SourceKind.RANGES:
        notes.append("content of the file: nobody signed digests; length was checked")
    if not lengths_announced:
        notes.append("length of some segments: the server did not announce it")
    return tuple(notes)


def _is_media(content: memoryview, *, whole: bool) -> bool:
    head = bytes(content[:3])
    if head[:1] == _TS_SYNC:
        return not whole or _is_transport_stream(content)
    if head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return True  # packed audio has nothing else to check
    return len(content) > 0 and _is_boxes(content, whole=whole)


def _is_transport_stream(content: memoryview) -> bool:
    count, rest = divmod(len(content), _TS_PACKET)
    return rest == 0 and content[::_TS_PACKET].tobytes().count(_TS_SYNC) == count


def _is_boxes(content: memoryview, *, whole: bool) -> bool:
    at = 0
    while len(content) - at >= _BOX_HEADER:
        size = int.from_bytes(content[at : at + 4], "big")
        if bytes(content[at + 4 : at + 8]) not in _BOX_NAMES:
            return False
        if not whole:
            return True
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + _LARGE_BOX_HEADER], "big")
        elif size == 0:
            return True  # the box goes on to the end
        if size < _BOX_HEADER:
            return False
        at += size
    return at == len(content)
