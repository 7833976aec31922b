"""Our own service with nginx before it, one video and one registered app, by users' commands."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vodseal.bench.nginx import find_nginx, free_port, nginx
from vodseal.demo.commands import CommandLine, ServiceProcess
from vodseal.demo.operator import make_app, source_file
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.sdk.sources import source_from_json
from vodseal.sdk.transport import RpcClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vodseal.demo.operator import App

__all__ = ["House", "house"]

_BUNDLE: Final = "org.example.benchmark"
_NO_SYSTEM_KEY_STORE: Final = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


class House:
    """A service, its operator, and a viewer who has the app. All of it lies under ``folder``."""

    def __init__(
        self, folder: Path, operator: CommandLine, film: Path, template_group: str
    ) -> None:
        """Register the app, and upload ``film``, which is removed then; so is its original.

        Raises:
            OperatorError: A command failed; the message is its own.
        """
        self._folder = folder
        self._operator = operator
        self._app: App = make_app(operator, folder / "app", _BUNDLE)
        operator.ask("settings", "set", "download-mode", "secure")
        operator.ask("settings", "set", "default-template-group", template_group)
        said = operator.events("videos", "upload", film, "--title", "benchmark", "--wait")
        self.vid = next((str(event["vid"]) for event in list(said) if event.get("vid")), "")
        if not self.vid:
            raise OperatorError(ErrorCode.CHECK_FAILED, "the upload gave no video id")
        film.unlink()
        shutil.rmtree(folder / "data" / "blobs" / "originals", ignore_errors=True)
        self.size = sum(file.stat().st_size for file in self._segments())
        """Bytes of the stream's segments, as they are served."""

    def play_url(self) -> str:
        """Return the signed URL of the playlist, whose key URI carries a token.

        Raises:
            RequestError: The service refused.
        """
        source = replace(source_from_json(self._source().read_text()), vid=self.vid)
        with RpcClient.for_source(source) as client:
            (stream,) = client.get_play_info(source).play_info_list
        return stream.play_url

    def download_command(self, save_dir: Path) -> list[str | Path]:
        """Return the command of the viewer's app, with a fresh credential."""
        return [
            *(sys.executable, "-m", "vodseal.cli", "download", self.vid, "--json"),
            *("--source", self._source(), "--save-dir", save_dir, *self._app.options),
        ]

    def viewer(self) -> dict[str, str]:
        """Return the viewer's environment: a home of his own, and compiled modules kept."""
        home = str(self._folder / "viewer")
        return {"VODSEAL_HOME": home, "PYTHONDONTWRITEBYTECODE": "", **_NO_SYSTEM_KEY_STORE}

    def _source(self) -> Path:
        return source_file(self._operator, self._folder / "source.json", "sts")

    def _segments(self) -> list[Path]:
        found = (self._folder / "data" / "blobs" / "media").rglob("*")
        return [file for file in found if file.is_file() and file.suffix in {".ts", ".m4s"}]


@contextmanager
def house(folder: Path, film: Path, template_group: str) -> Iterator[House]:
    """Serve ``film``, packaged by ``template_group``, from ``folder`` while the block runs.

    Raises:
        OperatorError: ``TOOL_NOT_FOUND``, and as ``House``.
    """
    find_nginx()
    folder.mkdir()
    operator = CommandLine(folder / "operator")
    own, public = free_port(), free_port()
    options = ("--public-url", f"http://127.0.0.1:{public}")
    service = ServiceProcess(operator, folder / "data", *options, port=own)
    try:
        with nginx(
            folder / "nginx",
            port=public,
            service=f"http://127.0.0.1:{own}",
            blobs=folder / "data" / "blobs",
        ):
            yield House(folder, operator, film, template_group)
    finally:
        service.stop()
