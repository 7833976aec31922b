"""Staged pieces as streams of plaintext, in order, in memory only.

``PieceReader`` opens one piece at a time: the seal of the staging, then the
transport cipher, block by block, into a buffer that is used again and again. ``RunStream``
joins the pieces of one run, which is what a demuxer can read in one go: a run
ends where timestamps jump (EXT-X-DISCONTINUITY) or a new initialisation section
begins, and starts with the initialisation section that holds.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, Protocol

from vodseal.container.keys import stage_key
from vodseal.download.check import TransportOpener
from vodseal.download.staging import open_staged, piece_name
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vodseal.download.folder import Folder
    from vodseal.download.job import SegmentSpec
    from vodseal.download.plan import Piece

__all__ = ["Opener", "PieceReader", "RunStream", "runs_of"]

_SPARE: Final = 64
"""Bytes that a cipher wants beyond what it gives."""


class Opener(Protocol):
    """Who opens pieces, by their position in the plan."""

    def open(self, position: int) -> memoryview:
        """Return the plaintext of a piece, valid until the next call."""


def runs_of(segments: Sequence[SegmentSpec]) -> list[list[int]]:
    """Return the segments of each run, as positions in ``segments``."""
    runs: list[list[int]] = []
    init: int | None = None
    for position, segment in enumerate(segments):
        if segment.init:
            init = position
            runs.append([position])
        elif runs and runs[-1] == [init]:
            runs[-1].append(position)  # the first after its own initialisation section
        elif not runs or segment.discontinuity:
            runs.append([position] if init is None else [init, position])
        else:
            runs[-1].append(position)
    return [run for run in runs if any(not segments[position].init for position in run)]


class PieceReader:
    """Opens staged pieces, one at a time."""

    def __init__(
        self,
        folder: Folder,
        content_key: bytes,
        download_id: bytes,
        pieces: Sequence[Piece],
        wait_for: Callable[[int], None],
    ) -> None:
        """``wait_for(position)`` returns when the piece at ``position`` is durable."""
        self._folder = folder
        self._key = stage_key(content_key, download_id)
        self._download_id = download_id
        self._pieces = pieces
        self._wait_for = wait_for
        self._plain = bytearray()
        self.at = 0
        """Position of the piece that was opened last."""

    def open(self, position: int) -> memoryview:
        """Return the plaintext of a piece, valid until the next call.

        Raises:
            TamperedError: The staged piece was altered.
            TruncatedError: It is cut short, or gone.
            DownloadError: The transport key does not open it (ENCRYPT_ERROR).
            OSError: It cannot be read.
        """
        self._wait_for(position)
        self.at = position
        piece = self._pieces[position]
        size = self._folder.size(piece_name(*piece.key))
        if size is None:
            raise TruncatedError("a staged piece is gone")
        if len(self._plain) < size + _SPARE:
            self._plain = bytearray(size + (size >> 3) + _SPARE)
        room = memoryview(self._plain)
        received = open_staged(self._folder, self._key, piece, self._download_id)
        key, iv = piece.segment.key, piece.segment.iv
        if key is None or iv is None:
            return _joined(received, room)
        opener = TransportOpener(key, iv, room)
        for stretch in received:
            opener.update(stretch)
        plain = opener.finish()
        if plain is None:
            msg = f"the transport key does not open segment {piece.sequence}"
            raise DownloadError(ErrorCode.ENCRYPT_ERROR, msg)
        return plain


def _joined(stretches: Iterable[memoryview], room: memoryview) -> memoryview:
    size = 0
    for stretch in stretches:
        room[size : size + len(stretch)] = stretch
        size += len(stretch)
    return room[:size]


class RunStream(io.RawIOBase):
    """The plaintext of a run, read once from the front to the end."""

    def __init__(self, opener: Opener, positions: Sequence[int]) -> None:
        """Open nothing yet."""
        super().__init__()
        self._opener = opener
        self._positions = list(reversed(positions))
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def pieces(self) -> Iterator[memoryview]:
        """Yield what is left piece by piece, each valid until the next.

        Raises:
            VodsealError: As ``PieceReader.open``.
            OSError: A piece cannot be read.
        """
        while self._rest or self._positions:
            yield self._rest or self._opener.open(self._positions.pop())
            self._rest = memoryview(b"")

    def head(self, size: int) -> bytes:
        """Return the first bytes that are still to be read, without reading them."""
        if not self._rest and self._positions:
            self._rest = self._opener.open(self._positions.pop())
        return bytes(self._rest[:size])

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes from one piece, and none at the end of the run.

        Raises:
            VodsealError: As ``PieceReader.open``.
            OSError: A piece cannot be read.
        """
        data = self.head(len(self._rest) or 1 << 26 if size < 0 else size)
        self._rest = self._rest[len(data) :]
        return data
