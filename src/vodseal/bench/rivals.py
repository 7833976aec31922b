"""The programs that we are measured against, as their users run them.

None of them is a part of vodseal. They are looked for in the folder that is named,
then on the path; what is not there is left out, and said.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["DOWNLOAD_RIVALS", "Rival", "Stream", "chosen", "find"]

_CONNECTIONS: Final = "8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What is to be downloaded, and where to."""

    url: str
    """The playlist."""
    segments: tuple[str, ...]
    out: Path
    """An empty folder."""
    size: int
    """Bytes of all segments."""
    lists: Path
    """A folder for lists of URLs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A program and how it is called."""

    name: str
    program: str
    does: str
    """One line for a reader of the figures."""
    command: Callable[[str, Stream], list[str | Path]]
    """Gets the path of the program."""
    writes: bool = True
    """Whether as much lies in ``out`` afterwards as was to be downloaded, about."""


def _yt_dlp(program: str, stream: Stream, *more: str) -> list[str | Path]:
    options = ("--quiet", "--no-progress", "--no-cache-dir", "--ignore-config")
    return [program, *options, "-N", _CONNECTIONS, *more, "-o", stream.out / "f.mp4", stream.url]


def _streamlink(program: str, stream: Stream) -> list[str | Path]:
    options = ("--loglevel", "error", "--no-config", "--stream-segment-threads", _CONNECTIONS)
    return [program, *options, "-o", stream.out / "f.ts", f"hls://{stream.url}", "best"]


def _ffmpeg(program: str, stream: Stream) -> list[str | Path]:
    options = ("-v", "error", "-nostdin", "-i", stream.url, "-c", "copy")
    return [program, *options, stream.out / "f.mp4"]


def _aria2c(program: str, stream: Stream) -> list[str | Path]:
    urls = stream.lists / "aria2c.txt"
    urls.write_text("".join(f"{u}\n  out={n}\n" for n, u in enumerate(stream.segments)))
    options = ("--quiet", "--no-conf", "--file-allocation=none", "-x", _CONNECTIONS)
    return [program, *options, "-j", _CONNECTIONS, "-d", stream.out, "-i", urls]


def _curl(program: str, stream: Stream) -> list[str | Path]:
    urls = stream.lists / "curl.txt"
    urls.write_text("".join(f'url = "{u}"\noutput = "{os.devnull}"\n' for u in stream.segments))
    options = ("-q", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max")
    return [program, *options, _CONNECTIONS, "--config", urls]


def _dd(program: str, stream: Stream) -> list[str | Path]:
    block = 1 << 20
    count = f"count={-(-stream.size // block)}"
    sizes = (f"bs={block}", count, "conv=fdatasync", "status=none")
    return [program, "if=/dev/zero", f"of={stream.out / 'zeros'}", *sizes]


DOWNLOAD_RIVALS: Final = (
    Rival(
        name="yt-dlp",
        program="yt-dlp",
        does=f"-N {_CONNECTIONS}: opens the segments and joins them; no remux",
        command=lambda program, stream: _yt_dlp(program, stream, "--fixup", "never"),
    ),
    Rival(
        name="yt-dlp + remux",
        program="yt-dlp",
        does="the same with its default: ffmpeg makes an MP4 of it",
        command=_yt_dlp,
    ),
    Rival(
        name="streamlink",
        program="streamlink",
        does=f"{_CONNECTIONS} threads: opens the segments and joins them",
        command=_streamlink,
    ),
    Rival(
        name="ffmpeg",
        program="ffmpeg",
        does="-c copy: opens the segments, makes an MP4; one connection",
        command=_ffmpeg,
    ),
    Rival(
        name="aria2c",
        program="aria2c",
        does=f"-x{_CONNECTIONS} -j{_CONNECTIONS}: writes the segments as they come, unopened",
        command=_aria2c,
    ),
    Rival(
        name="curl",
        program="curl",
        does=f"--parallel --parallel-max {_CONNECTIONS}, to nowhere: opens and keeps nothing",
        command=_curl,
        writes=False,
    ),
    Rival(
        name="dd",
        program="dd",
        does="conv=fdatasync: writes as many zeros; no network",
        command=_dd,
    ),
)


def chosen(known: Sequence[str], against: str | None) -> tuple[str, ...]:
    """Return the names in ``against``, a comma list; all of ``known`` when it is None.

    "yt-dlp" chooses "yt-dlp + remux" too.

    Raises:
        MisuseError: A name is not known.
    """
    if against is None:
        return tuple(known)
    wanted = [name for part in against.split(",") if (name := part.strip())]
    for name in wanted:
        if name not in known:
            raise MisuseError(
                f"there is no rival {name!r}", remedy=f"Known here: {', '.join(known)}."
            )
    return tuple(n for n in known if n in wanted or n.partition(" ")[0] in wanted)


def find(program: str, folder: Path | None) -> str | None:
    """Return the path of a program, from ``folder`` before the path; None when there is none."""
    own = None if folder is None else shutil.which(program, path=str(folder))
    return own or shutil.which(program)
