"""What a download is told, and what it answers.

This is the whole seam between the engine and whoever uses it. A job names
URLs, transport keys and digests; where they come from is not the engine's
business. Nothing here does I/O, and no key shows in a repr.

The identity of a piece is what it *is*, not how it is signed today: the path
of its URL without the query, its range, its cipher and its IV. So a job with
fresh URLs goes on where the one before stopped (client-surface B21, B25, B38).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from vodseal.errors import MisuseError

__all__ = [
    "DownloadResult",
    "Identity",
    "JobListener",
    "JobSpec",
    "SegmentSpec",
    "SourceKind",
]

_VID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FORMAT: Final = re.compile(r"[a-z0-9]{1,8}")


class SourceKind(StrEnum):
    """How the source is cut. The values are stored."""

    HLS = "hls"
    """A media playlist: one piece per segment."""

    RANGES = "ranges"
    """One file, mp4 or mp3: one piece per 4 MiB. It is kept byte for byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which download, on disk: enough to resume, find and delete it (B25, B32)."""

    save_dir: str
    vid: str
    format: str
    index: int

    def __post_init__(self) -> None:
        """Refuse what cannot be a file name.

        Raises:
            MisuseError: A part is empty, negative, or has foreign characters.
        """
        if not self.save_dir or not _VID.fullmatch(self.vid):
            msg = "a download needs a save dir, and a vid of letters, digits, '-' and '_'"
            raise MisuseError(msg)
        if not _FORMAT.fullmatch(self.format) or self.index < 0:
            msg = "a download needs a format such as m3u8 or mp4, and an index of 0 or more"
            raise MisuseError(msg)

    @property
    def name(self) -> str:
        """Return what every file of this download is named after."""
        return f"{self.vid}_{self.format}_{self.index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSpec:
    """One segment of a playlist, or the one file of a ranges job."""

    url: str = field(repr=False)
    """Where to fetch it today, after any URL conversion."""
    path: str
    """The path of its own URL, without query: its identity."""
    start: int | None = None
    """First byte of its byte range; None for the whole resource."""
    length: int | None = None
    """Length of its byte range; given exactly when ``start`` is."""
    key: bytes | None = field(default=None, repr=False)
    """AES-128 transport key; None for a clear segment."""
    iv: bytes | None = None
    """The IV, 16 bytes, also where the playlist leaves it to the sequence number."""
    duration: float = 0.0
    """Seconds that it plays."""
    init: bool = False
    """True for an initialisation section (EXT-X-MAP); it holds for what follows."""
    discontinuity: bool = False
    """True when its timestamps do not follow those before it."""
    size: int | None = None
    """Its length in bytes, where somebody said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """Everything that a run needs but the content key. Sealed into the job record."""

    kind: SourceKind
    download_id: bytes
    """16 bytes; also the id of the license."""
    secure: bool
    """True seals the result; False saves a plain file. Staging is sealed either way."""
    segments: tuple[SegmentSpec, ...]
    """In the order of playing; exactly one for ``SourceKind.RANGES``."""
    digest_algorithm: int | None = None
    """An id of ``license.digests``; None when nobody signed any digests."""
    digests: tuple[bytes, ...] = ()
    """One for each piece, in order: each segment (init sections too), each 4 MiB range.

    They are of the bytes as the server sends them, before any decryption.
    """
    digests_root: bytes | None = None
    """The root that was signed; the sealed file tells it on."""
    title: str = ""
    duration_ms: int = 0
    content_type: str = "video/mp4"
    """Of the result: video/mp4 or audio/mpeg (an mp3 source)."""
    size: int | None = None
    """Bytes of the stream as its play info tells; a hint for progress only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadResult:
    """A finished download."""

    path: str
    """Absolute path of the playable file."""
    size: int
    """Bytes of that file on disk."""
    received_bytes: int
    """Bytes that this run took from the network."""
    unchecked: tuple[str, ...]
    """What could not be checked against the source, in words; empty with signed digests."""


class JobListener(Protocol):
    """Who hears of progress. Called on the thread of ``DownloadTask.run``, never late."""

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        """Hear of bytes durable or received, the expected total, and 0 to 100."""

    def on_processing_progress(self, percent: int) -> None:
        """Hear 0 to 100, only after the download reported 100 (B29)."""
