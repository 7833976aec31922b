"""The story, in order."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final

from vodseal.demo.attackers import try_attacks
from vodseal.demo.clip import render_clip
from vodseal.demo.commands import ISOLATED, CommandLine, ServiceProcess
from vodseal.demo.operator import App, make_app, publish, source_file
from vodseal.demo.viewer import Viewer
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.testing.leakscan import LeakScanner

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.clock import Clock
    from vodseal.demo.report import DemoReport

__all__ = ["run_demo"]

_FOLDERS: Final = ("service", "operator", "device", "videos", "apps", "other-device", "flipped")
_MARKER_SIZE: Final = 64


def run_demo(report: DemoReport, video: Path | None, folder: Path, clock: Clock) -> None:
    """Run the whole main job in ``folder``; what was found stands in ``report``.

    What an earlier demo left in ``folder`` is removed first; nothing else in it
    is touched. The service is stopped whatever happens.

    Raises:
        OperatorError: A step could not be done at all; the message says which.
    """
    began = clock.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    film = video or _render(folder, report, clock)
    operator, device = CommandLine(folder / "operator"), CommandLine(folder / "device")
    os.environ["VODSEAL_HOME"] = str(folder / "device")
    report.reporter.step("The operator starts the service")
    service = ServiceProcess(operator, folder / "service")
    report.check("the service is up", ok=True, detail=service.endpoint)
    try:
        apps, viewer = _with_service(report, folder, film, operator, clock)
    finally:
        service.stop()
    report.reporter.step("The service is gone; the film plays with no network")
    _check_gone(report, service.endpoint)
    _play(report, device, apps[0], viewer.path, clock)
    report.reporter.step("What everybody else gets")
    try_attacks(report, folder, device, apps, viewer.path)
    report.seconds["total"] = clock.monotonic() - began


def _render(folder: Path, report: DemoReport, clock: Clock) -> Path:
    report.reporter.step("A film of our own is rendered")
    began = clock.monotonic()
    film = folder / "clip.mp4"
    render_clip(film)
    report.seconds["render"] = clock.monotonic() - began
    report.sizes["render"] = film.stat().st_size
    return film


def _with_service(
    report: DemoReport, folder: Path, film: Path, operator: CommandLine, clock: Clock
) -> tuple[tuple[App, App], Viewer]:
    """Do everything that needs the service; return both apps and the viewer's download."""
    operator.ask("settings", "set", "download-mode", "secure")
    mine = make_app(operator, folder / "apps/cinema", "org.example.cinema")
    other = make_app(operator, folder / "apps/stranger", "org.example.stranger")
    report.check("two apps are registered", ok=True, detail="each with its own security file")
    report.reporter.step("The operator uploads the film; it is transcoded and encrypted")
    vid = publish(operator, film, report, clock)
    report.check("the film is transcoded", ok=True, detail=f"video {vid}")
    _check_at_rest(report, "the service keeps no clear copy", film, folder / "service")
    report.reporter.step("The viewer downloads it: prepare, tracks, select, update source, start")
    old = source_file(operator, folder / "apps/first-source.json", "play-auth", vid)
    new = source_file(operator, folder / "apps/second-source.json", "play-auth", vid)
    viewer = Viewer(report, clock)
    viewer.download(vid, folder / "videos", (old, new), mine.folder)
    report.sealed_file = str(viewer.path)
    report.sizes["sealed_file"] = viewer.path.stat().st_size
    report.check("the film is downloaded and sealed", ok=True, detail=viewer.path.name)
    _check_progress(report, viewer)
    _check_isolation(report, operator)
    places = (folder / "videos", folder / "device")
    _check_at_rest(report, "no clear copy is on the device", film, *places)
    return (mine, other), viewer


def _check_at_rest(report: DemoReport, name: str, film: Path, *roots: Path) -> None:
    """Look in ``roots`` for pieces of the film as it was uploaded, and for any clear media."""
    size = film.stat().st_size
    markers = {}
    with film.open("rb") as stream:
        for tenth in range(1, 10):
            stream.seek(size * tenth // 10)
            piece = stream.read(_MARKER_SIZE)
            if len(set(piece)) > _MARKER_SIZE // 4:  # a run of zeros proves nothing
                markers[f"the film at {tenth * 10} %"] = piece
    found = LeakScanner(markers=markers).scan(*roots)
    looked = f"{len(markers)} pieces of the film and every known form of clear media: none there"
    report.check(name, ok=bool(markers) and not found, detail=str(found[0]) if found else looked)


def _check_progress(report: DemoReport, viewer: Viewer) -> None:
    good = all(
        seen == sorted(seen) and seen and seen[-1] == 100  # noqa: PLR2004 - per cent
        for seen in viewer.percents.values()
    )
    counts = ", ".join(f"{name} {len(seen)} times" for name, seen in viewer.percents.items())
    report.check("both progress bars rise to 100", ok=good, detail=counts)


def _check_isolation(report: DemoReport, operator: CommandLine) -> None:
    """Show that the process which is to play cannot even reach the service that still runs."""
    open_, cut = (operator.refusal("videos", "list", module=m) for m in ("vodseal.cli", ISOLATED))
    ok = open_["exit"] == 0 and cut["exit"] == 1
    detail = str(cut.get("message", "it reached the service"))
    report.check("a process can be cut off the network", ok=ok, detail=detail)


def _check_gone(report: DemoReport, endpoint: str) -> None:
    try:
        urllib.request.urlopen(f"{endpoint}/healthz", timeout=5).close()  # noqa: S310 - loopback
    except urllib.error.URLError as error:
        report.check("the service is stopped", ok=True, detail=str(error.reason))
    else:
        report.check("the service is stopped", ok=False, detail=f"{endpoint} still answers")


def _play(report: DemoReport, device: CommandLine, app: App, path: Path, clock: Clock) -> None:
    """Decode the whole film in a process that cannot open a network socket."""
    began = clock.monotonic()
    answer = device.refusal("play", path, "--with", "null", *app.options, module=ISOLATED)
    if answer["exit"]:
        message = str(answer.get("message", "no answer"))
        raise OperatorError(ErrorCode.CHECK_FAILED, f"the film does not play: {message}")
    report.seconds["play"] = clock.monotonic() - began
    report.sizes["play"] = path.stat().st_size
    detail = f"{answer.get('frames')} frames, the first after {answer.get('first_frame_ms')} ms"
    report.check("it plays with no network", ok=bool(answer.get("frames")), detail=detail)
