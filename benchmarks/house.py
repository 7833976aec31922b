"""Our own service and client, by the commands that a user has."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vodseal.cli.profile import open_admin
from vodseal.demo.commands import CommandLine, ServiceProcess
from vodseal.rpc.messages.downloads import CreateHlsUriTokenRequest
from vodseal.rpc.messages.play import GetPlayInfoRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUNDLE = "com.example.benchmark"
_PRIVATE_STRING = "Benchmark1Private2String"


class House:
    """A service with one video and one registered app. All of it lies under ``folder``."""

    def __init__(self, folder: Path, endpoint: str, operator: CommandLine, film: Path) -> None:
        self.endpoint = endpoint
        self._folder = folder
        self._operator = operator
        self._app = folder / "app"
        self._register()
        operator.ask("settings", "set", "download-mode", "secure")
        operator.ask("settings", "set", "default-template-group", "encrypted-source")
        said = list(operator.events("videos", "upload", film, "--title", "benchmark", "--wait"))
        self.vid = next(str(answer["vid"]) for answer in said if answer.get("vid"))

    def _register(self) -> None:
        """Write an app, sign it and have its security file issued, opened by a private string."""
        app = self._app
        app.mkdir()
        (app / "main.py").write_text('print("here would be a player")\n')
        key = app.with_suffix(".key")
        key.write_text(_PRIVATE_STRING)
        manifest_key = ("--bundle-id", _BUNDLE, "--manifest-key", app.with_suffix(".pem"))
        self._operator.ask("app", "init", app, *manifest_key)
        out = ("--app-key-file", key, "--out", app.with_suffix(".dat"))
        self._operator.ask("apps", "register", *manifest_key, *out)

    def play_url(self) -> str:
        """Return the signed URL of the playlist, with a token that opens its key."""
        with open_admin() as client:
            token = client.send(CreateHlsUriTokenRequest()).mts_hls_uri_token
            config = json.dumps({"MtsHlsUriToken": token})
            asked = GetPlayInfoRequest(video_id=self.vid, formats="m3u8", play_config=config)
            (stream,) = client.send(asked).play_info_list
        return stream.play_url

    def source(self) -> Path:
        """Return a fresh source file for ``download``."""
        path = self._folder / "source.json"
        path.write_text(json.dumps(self._operator.ask("credentials", "sts")))
        return path

    def download_command(self, save_dir: Path) -> list[str]:
        """Return the command of a viewer's app."""
        app = self._app
        return [
            *(sys.executable, "-m", "vodseal.cli", "download", self.vid, "--json"),
            *("--source", str(self.source()), "--save-dir", str(save_dir), "--app", str(app)),
            *("--security-file", str(app.with_suffix(".dat"))),
            *("--app-key-file", str(app.with_suffix(".key"))),
        ]

    def viewer(self) -> dict[str, str]:
        """Return the environment of the viewer: a home of his own, and compiled modules kept."""
        home = str(self._folder / "viewer")
        return {"VODSEAL_HOME": home, "PYTHONDONTWRITEBYTECODE": ""}


@contextmanager
def house(folder: Path, film: Path) -> Iterator[House]:
    """Serve ``film`` from our own service while the block runs."""
    folder.mkdir()
    os.environ["VODSEAL_HOME"] = str(folder / "operator")
    operator = CommandLine(folder / "operator")
    service = ServiceProcess(operator, folder / "data")
    try:
        yield House(folder, service.endpoint, operator, film)
    finally:
        service.stop()
