"""An app that takes one step for each word on stdin, and says afterwards in which state it is.

``python -m tests.scenario.led_app VID SOURCE SAVE_DIR APP SECURITY_FILE APP_KEY_FILE``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from vodseal import MediaDownloader, PrivateService
from vodseal.cli.choosing import read_source


def main() -> None:
    vid, source, save_dir, app, security_file, app_key = sys.argv[1:]
    PrivateService.init_service(security_file, app=app, app_key=Path(app_key))
    chosen = read_source(Path(source), vid, None)
    downloader = MediaDownloader()
    downloader.set_save_dir(save_dir)
    downloader.set_on_progress_listener(
        lambda percent: say("downloading", percent), lambda percent: say("processing", percent)
    )

    def say(event: str, percent: int) -> None:
        print(json.dumps({"event": event, "percent": percent}), flush=True)

    for word in sys.stdin:
        match word.strip():
            case "prepare":
                downloader.prepare(chosen)
                downloader.wait()
                downloader.select_item(0)
            case "start":
                downloader.start()
            case "wait":
                downloader.wait()
            case "stop":
                downloader.stop()
            case "delete":
                downloader.delete_own_file()
        error = downloader.last_error
        said = {"event": "did", "state": str(downloader.state), "error": error and int(error.code)}
        print(json.dumps(said), flush=True)
    downloader.release()


if __name__ == "__main__":
    main()
