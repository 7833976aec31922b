"""Operator and app developer: the service, the apps, the video."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.clock import Clock
    from vodseal.demo.commands import CommandLine
    from vodseal.demo.report import DemoReport

__all__ = ["App", "make_app", "publish", "source_file"]

_PROGRAM: Final = 'print("a player that embeds vodseal would start here")\n'


class App:
    """A small Python app: a signed folder, and beside it what the service issued for it."""

    def __init__(self, folder: Path) -> None:
        """Name the files of the app in ``folder``; nothing is made."""
        self.folder = folder
        self.security_file = folder.with_suffix(".dat")
        self.private_string = folder.with_suffix(".key")
        self.manifest_key = folder.with_suffix(".manifest.pem")

    @property
    def options(self) -> tuple[str | Path, ...]:
        """What ``download`` and ``play`` are told about the app."""
        return (
            "--security-file",
            self.security_file,
            "--app-key-file",
            self.private_string,
            "--app",
            self.folder,
        )


def make_app(operator: CommandLine, folder: Path, bundle_id: str) -> App:
    """Write an app, sign it, register it with the service and keep its security file.

    Raises:
        OperatorError: A command failed; the message is its own.
    """
    app = App(folder)
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(_PROGRAM)
    operator.ask(
        "app", "init", folder, "--bundle-id", bundle_id, "--manifest-key", app.manifest_key
    )
    operator.ask(
        "apps", "register", "--bundle-id", bundle_id, "--manifest-key", app.manifest_key,
        "--out", app.security_file,
    )  # fmt: skip
    return app


def publish(operator: CommandLine, film: Path, report: DemoReport, clock: Clock) -> str:
    """Upload ``film``, wait for its streams, and return its vid.

    Raises:
        OperatorError: The upload or the transcoding failed.
    """
    began = clock.monotonic()
    vid, uploaded = "", began
    for event in operator.events("videos", "upload", film, "--title", film.stem, "--wait"):
        vid = str(event.get("vid", vid))
        name, percent = str(event.get("event")), int(str(event.get("percent", 0)))
        if name in {"uploading", "transcoding"}:
            size = film.stat().st_size
            report.reporter.progress(name, size * percent // 100, size)
        if name == "uploaded":
            uploaded = clock.monotonic()
    if not vid:
        raise OperatorError(ErrorCode.CHECK_FAILED, "the upload gave no video id")
    report.sizes["upload"] = report.sizes["transcode"] = film.stat().st_size
    report.seconds["upload"] = uploaded - began
    report.seconds["transcode"] = clock.monotonic() - uploaded
    return vid


def source_file(operator: CommandLine, path: Path, *arguments: str) -> Path:
    """Have the app server issue a credential, and keep it as a source file.

    Raises:
        OperatorError: It was refused.
    """
    path.touch(mode=0o600)
    path.write_text(json.dumps(operator.ask("credentials", *arguments)))
    return path
