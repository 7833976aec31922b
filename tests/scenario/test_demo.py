"""The demo, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.media import FILMS, render


def demo(*arguments: str | Path) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "vodseal.cli", "demo", "--json", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_every_check_holds_on_a_small_film(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    render(film, FILMS["plain"])
    status, found = demo("--video", film, "--dir", tmp_path / "demo")
    assert [c for c in found["checks"] if not c["ok"]] == []
    assert (status, found["ok"]) == (0, True)
    assert len(found["checks"]) >= 16
    assert Path(str(found["sealed_file"])).is_relative_to(tmp_path / "demo")
    assert {"upload", "download", "processing", "play"} <= set(found["MBps"])


def test_what_is_not_a_film_is_a_check_that_did_not_hold(tmp_path: Path) -> None:
    film = tmp_path / "text.mp4"
    film.write_text("not a film at all\n" * 999)
    status, found = demo("--video", film, "--dir", tmp_path / "demo")
    (failed,) = [c for c in found["checks"] if not c["ok"]]
    assert (status, found["ok"]) == (1, False)
    assert failed["name"] == "the demo ran to its end"
    assert "no streams could be made" in str(failed["detail"])
