"""A downloader in a process of its own, to be killed. Told what to do on stdin, in JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.behaviours.house import MovableClock

from vodseal import AppIdentity, DownloaderConfig, MediaDownloader, PrivateService
from vodseal.sdk.sources import source_from_json, source_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.behaviours.house import App
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    from vodseal import VidSts

__all__ = ["running_client"]

_ROOT = Path(__file__).parents[2]


@contextmanager
def running_client(
    phone: Phone, app: App, source: VidSts, wire: Wire
) -> Iterator[subprocess.Popen[str]]:
    """Start a download of track 0 in another process; kill it at the end of the block."""
    order = {
        "source": source_to_json(source),
        "save_dir": str(phone.save_dir),
        "proxy": wire.server.url,
        "security_file": app.security_file.hex(),
        "bundle": app.identity.text,
        "ahead": phone.house.clock.ahead,
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.behaviours.client"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=os.environ | {"VODSEAL_HOME": str(phone.home)},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdin.close()
        child.stdout.close()


def main() -> None:
    """Prepare, select, start, and say what is heard."""
    order = json.loads(sys.stdin.readline())
    clock = MovableClock()
    clock.advance(order["ahead"])
    PrivateService.init_service(
        bytes.fromhex(order["security_file"]), app=AppIdentity.ios_bundle(order["bundle"])
    )
    downloader = MediaDownloader(clock=clock)
    downloader.set_save_dir(order["save_dir"])
    downloader.set_downloader_config(DownloaderConfig(http_proxy=order["proxy"]))
    downloader.set_on_prepared_listener(lambda _: downloader.start())
    downloader.set_on_progress_listener(lambda percent: print("downloading", percent, flush=True))
    downloader.set_on_error_listener(lambda info: print("error", info, flush=True))
    downloader.set_on_completion_listener(lambda: print("completed", flush=True))
    downloader.select_item(0)
    downloader.prepare(source_from_json(order["source"]))
    downloader.wait()


if __name__ == "__main__":
    main()
