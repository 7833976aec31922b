"""``vodseal bench``: how fast, against whom, on this machine."""

from __future__ import annotations

import re
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from vodseal.cli.commands import group_help
from vodseal.cli.terminal import Json, Terminal
from vodseal.error_codes import ErrorCode
from vodseal.errors import MisuseError, OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.bench.report import Report

__all__ = ["bench", "parse_size"]

bench: Final = App(
    name="bench", help=group_help("bench", "bench download --size 1GB --plot ./plots")
)

_UNITS: Final = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(|KB|MB|GB)", re.ASCII | re.IGNORECASE)
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - private folders are made in it
_TERMINATED: Final = 143

Rounds = Annotated[int, Parameter(validator=Number(gte=1))]


@bench.command
def download(
    *,
    size: str = "1GB",
    rounds: Rounds = 5,
    film: Path | None = None,
    template_group: Literal["encrypted-source", "cmaf-source"] = "encrypted-source",
    dir: Path | None = None,  # noqa: A002 - the option's name
    against: str | None = None,
    rival_bin: Path | None = None,
    plot: Path | None = None,
    json: Json = False,
) -> None:
    """Download AES-128 HLS over loopback, from nginx, and let others do the same.

    A service of ours with nginx before it is started and stopped here. It takes about
    three times the size in the working folder.

    Example: vodseal bench download --size 1GB --against yt-dlp,aria2c --json

    Args:
        size: Of the film, at least: 50MB, 4GB.
        rounds: How often everybody runs; fewer than 5 is a trial.
        film: An MP4 of H.264 and AAC, repeated to the size; rendered when left out.
        template_group: How the service packages it: MPEG-TS or fragmented MP4 segments.
        dir: Where to work; memory where there is such a folder, else the system's.
        against: Rivals, with commas: yt-dlp, streamlink, ffmpeg, aria2c, curl, dd; all
            when left out. Who is not installed is left out, and named.
        rival_bin: A folder to look for rivals in before the path.
        plot: A folder to write pictures to, as SVG.
        json: Print one JSON object at the end.
    """
    from vodseal.bench.download import DownloadBench, bench_download  # noqa: PLC0415 - heavy

    terminal = Terminal(as_json=json)
    with _folder(dir) as folder:
        order = DownloadBench(
            folder=folder,
            size=parse_size(size),
            rounds=rounds,
            film=film,
            template_group=template_group,
            against=against,
            rival_bin=rival_bin,
        )
        report = bench_download(order, terminal.say)
    _tell(terminal, report, plot)


@bench.command
def seal(
    *,
    size: str = "1GB",
    rounds: Rounds = 5,
    dir: Path | None = None,  # noqa: A002 - the option's name
    against: str | None = None,
    rival_bin: Path | None = None,
    plot: Path | None = None,
    json: Json = False,
) -> None:
    """Seal, to nowhere and to a file, beside a plain copy and the bare cipher.

    Example: vodseal bench seal --size 1GB --json

    Args:
        size: How much: 50MB, 4GB.
        rounds: How often everybody runs; fewer than 5 is a trial.
        dir: Where to work; memory where there is such a folder, else the system's.
        against: Rivals, with commas: cp, openssl, age; all when left out.
        rival_bin: A folder to look for rivals in before the path.
        plot: A folder to write pictures to, as SVG.
        json: Print one JSON object at the end.
    """
    from vodseal.bench.local import LocalBench, bench_seal  # noqa: PLC0415 - heavy

    terminal = Terminal(as_json=json)
    with _folder(dir) as folder:
        order = LocalBench(
            folder=folder,
            size=parse_size(size),
            rounds=rounds,
            against=against,
            rival_bin=rival_bin,
        )
        report = bench_seal(order, terminal.say)
    _tell(terminal, report, plot)


@bench.command
def seek(
    *,
    size: str = "1GB",
    rounds: Rounds = 5,
    dir: Path | None = None,  # noqa: A002 - the option's name
    plot: Path | None = None,
    json: Json = False,
) -> None:
    """Read a sealed film, to its end and at random places, and the same film unsealed.

    Example: vodseal bench seek --size 1GB --json

    Args:
        size: Of the film: 50MB, 4GB.
        rounds: How often both are read; fewer than 5 is a trial.
        dir: Where to work; memory where there is such a folder, else the system's.
        plot: A folder to write pictures to, as SVG.
        json: Print one JSON object at the end.
    """
    from vodseal.bench.local import LocalBench, bench_seek  # noqa: PLC0415 - heavy

    terminal = Terminal(as_json=json)
    with _folder(dir) as folder:
        order = LocalBench(folder=folder, size=parse_size(size), rounds=rounds)
        report = bench_seek(order, terminal.say)
    _tell(terminal, report, plot)


def parse_size(text: str) -> int:
    """Return bytes: "4GB" is 4,000,000,000.

    Raises:
        MisuseError: ``text`` is not a size, or none at all.
    """
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not size:
        raise MisuseError(f"{text!r} is not a size", remedy="Sizes look like this: 50MB, 4GB.")
    return size


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """Make a folder to work in, and remove it: also after an error, Ctrl-C or SIGTERM."""
    place = chosen or (_MEMORY if _MEMORY.is_dir() else None)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        folder = Path(tempfile.mkdtemp(prefix="vodseal-bench-", dir=place))
    except OSError as error:
        message = f"{place}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)


def _tell(terminal: Terminal, report: Report, plot: Path | None) -> None:
    if plot is not None:
        _draw(report, plot, terminal)
    result = report.as_json()
    if terminal.as_json:
        terminal.answer(result)
        return
    rates, cpu, memory = report.rates(), report.cpu(), report.memory()
    rows = [
        {"name": n, "MB/s": rates[n], "CPU s/GB": cpu.get(n), "peak MB": memory.get(n)}
        for n in rates
    ]
    terminal.table("figures", ("name", "MB/s", "CPU s/GB", "peak MB"), rows)
    for what in ("times_as_fast", "p50_ms", "p99_ms", "left_out"):
        found = result.get(what)
        for name, value in found.items() if isinstance(found, dict) else ():
            terminal.say(f"{what.replace('_', ' ')}: {name}: {value}")
    for note in result["notes"] if isinstance(result["notes"], list) else ():
        terminal.say(f"note: {note}")


def _draw(report: Report, folder: Path, terminal: Terminal) -> None:
    from vodseal.bench.plot import pictures  # noqa: PLC0415 - seldom wanted

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures(report).items():
            (folder / name).write_text(picture)
            terminal.say(f"wrote {folder / name}")
    except OSError as error:
        message = f"{folder}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error
