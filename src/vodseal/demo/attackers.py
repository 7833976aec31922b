"""What everybody else gets: another app, another device, a flipped bit, a probe."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from vodseal.demo.commands import ISOLATED, CommandLine
from vodseal.error_codes import ErrorCode

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.demo.operator import App
    from vodseal.demo.report import DemoReport

__all__ = ["try_attacks"]


def try_attacks(
    report: DemoReport, folder: Path, viewer: CommandLine, apps: tuple[App, App], sealed: Path
) -> None:
    """Try the sealed file in every hand but the right one, and add a check for each."""
    own, other = apps
    copied = folder / "other-device" / sealed.name
    copied.parent.mkdir()
    shutil.copyfile(sealed, copied)
    flipped = folder / "flipped" / sealed.name
    flipped.parent.mkdir()
    shutil.copyfile(sealed, flipped)
    _flip_one_bit(flipped)
    stranger = CommandLine(copied.parent / "home")
    _refused(report, "another app does not play it", viewer, sealed, other)
    _refused(report, "another device does not play a copy", stranger, copied, own)
    _refused(report, "a flipped bit does not play", viewer, flipped, own)
    _no_security_file(report, viewer, sealed)
    _probe(report, sealed)
    shutil.rmtree(flipped.parent)
    shutil.rmtree(copied.parent)


def _flip_one_bit(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


def _refused(report: DemoReport, name: str, user: CommandLine, path: Path, app: App) -> None:
    answer = user.refusal("play", path, "--with", "null", *app.options, module=ISOLATED)
    _judge(report, name, answer)


def _no_security_file(report: DemoReport, user: CommandLine, path: Path) -> None:
    answer = user.refusal("play", path, "--with", "null", module=ISOLATED)
    _judge(report, "without a security file it does not play", answer)


def _judge(report: DemoReport, name: str, answer: dict[str, object]) -> None:
    ok = answer["exit"] == 1 and answer.get("code") == int(ErrorCode.DEMUXER_OPENSTREAM)
    said = f"{answer.get('hex', 'no error')}: {answer.get('message', 'it played')}"
    report.check(name, ok=ok, detail=said)


def _probe(report: DemoReport, path: Path) -> None:
    """Ask ffprobe, where there is one, and libav's own prober in any case."""
    import av  # noqa: PLC0415 - heavy

    try:
        av.open(str(path)).close()
        found = "libav took it for a film"
    except av.error.FFmpegError:
        found = ""
    ffprobe = shutil.which("ffprobe")
    if ffprobe:
        asked = subprocess.run(
            [ffprobe, "-v", "error", "-show_format", str(path)], capture_output=True, check=False
        )
        found = found or ("" if asked.returncode else "ffprobe took it for a film")
    who = "ffprobe and libav" if ffprobe else "libav (ffprobe is not installed)"
    report.check("a probe finds no film in it", ok=not found, detail=found or f"{who}: no format")
