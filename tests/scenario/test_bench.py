"""The benchmarks, small, as a person runs them. Their figures mean nothing here."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.media import FILMS, render
from tests.tools import require_tool

from vodseal.bench.memory import family


def bench(*arguments: str | Path) -> tuple[int, dict[str, object], str]:
    done = subprocess.run(
        [sys.executable, "-m", "vodseal.cli", "bench", *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stdout.splitlines()
    return done.returncode, json.loads(line), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("group", ["encrypted-source", "cmaf-source"])
def test_a_download_beside_its_rivals(tmp_path: Path, group: str) -> None:
    require_tool("nginx")
    film, plots, folder = tmp_path / "film.mp4", tmp_path / "plots", tmp_path / "work"
    folder.mkdir()
    render(film, FILMS["plain"])
    options = ("--size", "2MB", "--rounds", "2", "--dir", folder, "--plot", plots)
    options += ("--template-group", group)
    status, found, said = bench("download", "--film", film, "--against", "curl,dd,aria2c", *options)
    assert status == 0, said
    ran = set(found["median_MBps"])
    assert {"vodseal", "vodseal staged"} <= ran
    assert ran | set(found["left_out"]) == {"vodseal", "vodseal staged", "curl", "dd", "aria2c"}
    assert all(len(runs["seconds"]) == 2 for runs in found["raw"].values())
    assert found["size"] >= 1_900_000  # fragmented MP4 has less around the film
    assert found["template_group"] == group
    assert found["peak_rss_MB"]["vodseal"] > 20
    assert found["median_seconds"]["vodseal staged"] <= found["median_seconds"]["vodseal"]
    roots = {ET.parse(plot).getroot().tag for plot in plots.iterdir()}  # noqa: S314 - our own
    assert roots == {"{http://www.w3.org/2000/svg}svg"}
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("seal", {"vodseal in memory", "vodseal to a file", "cp", "openssl", "age"}),
        ("seek", {"vodseal", "plain file"}),
    ],
)
def test_what_needs_no_network(tmp_path: Path, kind: str, names: set[str]) -> None:
    status, found, said = bench(kind, "--size", "20MB", "--rounds", "1", "--dir", tmp_path)
    assert status == 0, said
    assert set(found["median_MBps"]) | set(found["left_out"]) == names
    assert all(rate > 0 for rate in found["median_MBps"].values())
    if kind == "seek":
        assert set(found["p50_ms"]) == set(found["p99_ms"]) == names
        assert found["p50_ms"]["vodseal"] <= found["p99_ms"]["vodseal"]
    assert list(tmp_path.iterdir()) == []


def test_a_rival_that_nobody_knows(tmp_path: Path) -> None:
    status, found, _ = bench("download", "--against", "wget", "--dir", tmp_path)
    assert (status, found["name"]) == (2, "MISUSE")
    assert list(tmp_path.iterdir()) == []


def is_running(pid: int) -> bool:
    """Return whether a process is there, and not merely unburied by a container's init."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(") ")[2][0] != "Z"


@pytest.mark.slow
def test_a_benchmark_that_is_ended_leaves_nothing(tmp_path: Path) -> None:
    require_tool("nginx")
    film, folder = tmp_path / "film.mp4", tmp_path / "work"
    folder.mkdir()
    render(film, FILMS["plain"])
    options = ("--size", "1MB", "--rounds", "99", "--against", "dd", "--dir", folder)
    with subprocess.Popen(
        [sys.executable, "-m", "vodseal.cli", "bench", "download", "--film", film, *options],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("round 1: dd") for line in process.stderr)
        children = set(family(process.pid)) - {process.pid}
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert process.returncode == 143
    assert len(children) >= 4  # the service, nginx and its workers
    assert [pid for pid in children if is_running(pid)] == []
    assert list(folder.iterdir()) == []
