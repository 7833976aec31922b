"""``vodseal verify``: read a sealed file from end to end, and check every byte; or mend it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import Final

from cyclopts import App

from vodseal.cli.app_options import NO_APP, AppOptions
from vodseal.cli.repairing import repair_file
from vodseal.cli.terminal import Flag, Json, Terminal
from vodseal.clock import SystemClock
from vodseal.errors import MisuseError, NotSealedError
from vodseal.player.session import open_sealed

__all__ = ["verify"]

verify: Final = App(name="verify")

_BLOCK_SIZE: Final = 8 << 20
_MEGABYTE: Final = 1e6


@verify.default
def run(
    file: Path,
    /,
    *,
    repair: Flag = False,
    source: Path | None = None,
    endpoint: str | None = None,
    options: AppOptions = NO_APP,
    json: Json = False,
) -> None:
    """Read a sealed file from end to end; every byte is authenticated on the way.

    It takes the app that downloaded the file, on the device that it did so on. With
    --repair what is damaged is fetched again, and only that where the file can be
    mended in parts; a file that is gone, or was not finished, is downloaded. The old
    file stays until the new one is whole.

    Example: vodseal verify film.vseal --security-file encryptedApp.dat
    --app-key-file encryptedApp.key --app ./cinema

    Args:
        file: The sealed file; for a repair under the name that its download gave it.
        repair: Make it whole.
        source: A source file, as `vodseal credentials` prints it; for a repair.
        endpoint: The service's address, in place of the source file's.
        options: Which app this is.
        json: Print one JSON object; of a repair the last line is it.
    """
    if (source is not None) is not repair or (endpoint is not None and not repair):
        raise MisuseError("--repair needs --source, and both --source and --endpoint need --repair")
    options.load()
    terminal = Terminal(as_json=json)
    if source is None:
        _verify(terminal, file)
    else:
        repair_file(terminal, file, source, endpoint)


def _verify(terminal: Terminal, file: Path) -> None:
    clock = SystemClock()
    with open_sealed(file) as session, session.open_reader() as reader, terminal.bars() as bars:
        if not session.is_sealed:
            raise NotSealedError(f"{file.name} is not a sealed file")
        block = memoryview(bytearray(_BLOCK_SIZE))
        began, done = clock.monotonic(), 0
        while count := reader.readinto(block):
            done += count
            bars.update("verifying", done, session.size)
        seconds = clock.monotonic() - began
        title = session.title
    terminal.answer(
        {
            "file": str(file),
            "ok": True,
            "title": title,
            "bytes": done,
            "seconds": round(seconds, 3),
            "MBps": round(done / _MEGABYTE / seconds, 1) if seconds else 0.0,
        }
    )
