"""1 GB of AES-128 HLS over loopback: ours against yt-dlp and ffmpeg. See README.md."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import film as films
import measure
import rivals
from house import house
from nginx import nginx

if TYPE_CHECKING:
    from collections.abc import Callable

    from house import House

_GIGABYTE = 1_000_000_000
_MEMORY = Path("/dev/shm")


def main() -> None:
    """Print one JSON object on stdout; talk goes to stderr."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="vodseal-benchmark-", dir=arguments.folder))
    try:
        print(json.dumps(_benchmark(folder, arguments), indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--film", type=Path, help="an H.264/AAC MP4; rendered when left out")
    parser.add_argument("--size", type=int, default=_GIGABYTE, help="bytes of the film, at least")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=_MEMORY, help="where to work")
    parser.add_argument("--only", nargs="*", help="run these alone, by name")
    return parser.parse_args()


def _benchmark(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    _say("making the film")
    film = films.long_film(arguments.film, folder, arguments.size)
    with nginx(folder / "www", folder / "nginx") as url:
        films.encrypted_hls(film, folder / "www" / "hls", f"{url}/hls")
        size = sum(part.stat().st_size for part in (folder / "www" / "hls").glob("*.ts"))
        _say("uploading it to our own service")
        with house(folder / "house", film) as ours:
            film.unlink()
            runners = _runners(folder / "out", f"{url}/hls/index.m3u8", ours)
            chosen = {n: r for n, r in runners.items() if not arguments.only or n in arguments.only}
            raw = _rounds(chosen, folder / "out", arguments.rounds)
    return _result(raw, size)


def _runners(out: Path, nginx_url: str, ours: House) -> dict[str, Callable[[], measure.Run]]:
    commands = {
        f"{name} @ {where}": command
        for where, url in (("nginx", nginx_url), ("service", ours.play_url()))
        for name, command in rivals.commands(url, out).items()
    }
    runners = {name: lambda c=command: measure.run(c) for name, command in commands.items()}
    return {
        **runners,
        "vodseal @ service": lambda: measure.run(
            ours.download_command(out), environment=ours.viewer()
        ),
    }


def _rounds(
    runners: dict[str, Callable[[], measure.Run]], out: Path, rounds: int
) -> dict[str, list[measure.Run]]:
    """Run everybody once a round; each round starts with the next one. Round 0 warms up."""
    raw: dict[str, list[measure.Run]] = {name: [] for name in runners}
    names = list(runners)
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            out.mkdir()
            taken = runners[name]()
            written = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
            shutil.rmtree(out)
            _say(f"round {number}  {name:24} {taken.seconds:7.2f} s  {written / 1e6:7.0f} MB")
            if number == 0:
                continue
            raw[name].append(taken)
            if name.startswith("vodseal"):
                phase = f"vodseal downloading @ {name.rpartition(' ')[2]}"
                raw.setdefault(phase, []).append(_until_processing(taken))
    return raw


def _until_processing(taken: measure.Run) -> measure.Run:
    """Return the first phase of a download: up to its first ``processing`` event."""
    moments = [at for at, event in measure.events(taken) if event.get("event") == "processing"]
    return measure.Run(seconds=min(moments), cpu_seconds=0.0, peak_rss=taken.peak_rss, lines=[])


def _result(raw: dict[str, list[measure.Run]], size: int) -> dict[str, object]:
    result = measure.summary(raw, size)
    seconds: dict[str, float] = result["median_seconds"]  # type: ignore[assignment]  # JSON that we wrote
    result["times_as_fast"] = {
        "downloading: yt-dlp": _ratio(seconds, "vodseal downloading", "yt-dlp @"),
        "whole job: yt-dlp": _ratio(seconds, "vodseal @", "yt-dlp @"),
        "whole job: yt-dlp + remux": _ratio(seconds, "vodseal @", "yt-dlp + remux @"),
        "whole job: ffmpeg": _ratio(seconds, "vodseal @", "ffmpeg @"),
    }
    return result


def _ratio(seconds: dict[str, float], own: str, rival: str) -> float | None:
    """Return how many times as fast ``own`` is as the faster of a rival's two runs."""
    ours = [taken for name, taken in seconds.items() if name.startswith(own)]
    theirs = [taken for name, taken in seconds.items() if name.startswith(rival)]
    return round(min(theirs) / min(ours), 2) if ours and theirs else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
