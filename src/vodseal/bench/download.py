"""AES-128 HLS over loopback: our whole job, and its first phase, against other programs.

Everybody fetches the same segments from the same nginx, from the start of the process to
its end. ``vodseal staged`` is until the first ``processing`` event: every segment fetched,
checked against its signed digest, sealed and durable. ``vodseal`` is until the end: a
seekable sealed MP4 that was read back.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin

from vodseal.bench.film import long_film
from vodseal.bench.house import House, house
from vodseal.bench.measure import Taken, events, measure
from vodseal.bench.report import Report
from vodseal.bench.rivals import DOWNLOAD_RIVALS, Rival, Stream, chosen, find
from vodseal.bench.rounds import Contestant, interleave
from vodseal.download.fetch import FetcherConfig
from vodseal.download.small_fetch import HttpFetcher
from vodseal.media.playlist import MAX_PLAYLIST_SIZE, parse_media

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["DownloadBench", "bench_download"]

STAGED: Final = "vodseal staged"
WHOLE: Final = "vodseal"
_LEAST_WRITTEN: Final = 0.9
_FETCH: Final = ("yt-dlp", "streamlink", "aria2c", "curl", "dd")
_FINISH: Final = ("yt-dlp + remux", "ffmpeg")


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadBench:
    """What is to be measured."""

    folder: Path
    """Where to work; it is there."""
    size: int
    rounds: int
    film: Path | None = None
    template_group: str = "encrypted-source"
    """How the service packages the film."""
    against: str | None = None
    rival_bin: Path | None = None


def bench_download(order: DownloadBench, say: Callable[[str], object]) -> Report:
    """Return what was found.

    Raises:
        OperatorError: ``TOOL_NOT_FOUND``: no nginx. ``CHECK_FAILED``: the service or a
            run of ours failed.
        MisuseError: A rival is not known.
    """
    names = chosen([rival.name for rival in DOWNLOAD_RIVALS], order.against)
    film = order.folder / "film.mp4"
    say("making the film")
    long_film(order.film, film, order.size)
    say("uploading it to a service of ours")
    with house(order.folder / "house", film, order.template_group) as ours:
        url = ours.play_url()
        stream = Stream(
            url=url,
            segments=_segments(url),
            out=order.folder / "out",
            size=ours.size,
            lists=order.folder,
        )
        contestants = [Contestant(name=WHOLE, run=lambda: _run_ours(ours, stream), is_ours=True)]
        left_out = {}
        for rival in (one for one in DOWNLOAD_RIVALS if one.name in names):
            program = find(rival.program, order.rival_bin)
            if program is None:
                left_out[rival.name] = f"{rival.program} is not installed"
                continue
            contestants.append(Contestant(name=rival.name, run=_runner(rival, program, stream)))
        results = interleave(contestants, order.rounds, say)
    results.left_out.update(left_out)
    return Report(
        benchmark="download",
        size=stream.size,
        rounds=order.rounds,
        results=results,
        ratios=((STAGED, _FETCH), (WHOLE, _FINISH)),
        more={
            "does": _legend(tuple(results.raw)),
            "template_group": order.template_group,
        },
    )


def _segments(url: str) -> tuple[str, ...]:
    text = HttpFetcher(FetcherConfig()).get(url, limit=MAX_PLAYLIST_SIZE).decode()
    return tuple(urljoin(url, segment.uri) for segment in parse_media(text, url).segments)


def _run_ours(ours: House, stream: Stream) -> Mapping[str, Taken]:
    command = ours.download_command(stream.out)
    with _Out(stream):
        taken = measure(command, environment=ours.viewer())
    moments = [at for at, event in events(taken) if event.get("event") == "processing"]
    if taken.failure or not moments:
        return {WHOLE: taken}
    return {WHOLE: taken, STAGED: Taken(seconds=min(moments))}


def _runner(rival: Rival, program: str, stream: Stream) -> Callable[[], Mapping[str, Taken]]:
    def run() -> Mapping[str, Taken]:
        with _Out(stream) as out:
            taken = measure(rival.command(program, stream))
            return {rival.name: _checked(taken, rival, out.written(), stream.size)}

    return run


def _checked(taken: Taken, rival: Rival, written: int, size: int) -> Taken:
    """Return a run as failed when half of the film is missing: exit status 0 proves nothing."""
    if taken.failure or not rival.writes or written >= size * _LEAST_WRITTEN:
        return taken
    failure = f"wrote {written / 1e6:.0f} of {size / 1e6:.0f} MB, with exit status 0"
    return Taken(seconds=taken.seconds, failure=failure)


class _Out:
    """The folder that everybody finds empty; nobody writes back what another has written."""

    def __init__(self, stream: Stream) -> None:
        self._folder = stream.out

    def __enter__(self) -> Self:
        self._folder.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if hasattr(os, "sync"):
            os.sync()

    def written(self) -> int:
        return sum(file.stat().st_size for file in self._folder.rglob("*") if file.is_file())


def _legend(names: tuple[str, ...]) -> dict[str, str]:
    ours = {
        WHOLE: "license, fetch, check, seal, remux to MP4, seal, read back",
        STAGED: "of the same run: until every segment is fetched, checked, sealed and durable",
    }
    legend = ours | {rival.name: rival.does for rival in DOWNLOAD_RIVALS}
    return {name: legend[name] for name in names}
