"""Medians, ratios, the object of design 5, and its pictures."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from vodseal.bench.measure import Taken
from vodseal.bench.plot import bars, pictures
from vodseal.bench.report import Report
from vodseal.bench.rounds import Results

SVG = "{http://www.w3.org/2000/svg}"


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - drawn here


def taken(seconds: float, cpu: float | None = 1.0, memory: int | None = 50_000_000) -> Taken:
    return Taken(seconds=seconds, cpu_seconds=cpu, peak_memory=memory)


@pytest.fixture
def report() -> Report:
    raw = {
        "vodseal": [taken(2.0, 3.0, 60_000_000), taken(1.0, 1.0), taken(9.0, 2.0)],
        "vodseal staged": [taken(1.0, None, None)] * 3,
        "yt-dlp": [taken(8.0), taken(7.0), taken(80.0)],
    }
    return Report(
        benchmark="download",
        size=2_000_000_000,
        rounds=3,
        results=Results(raw=raw, left_out={"curl": "curl is not installed"}),
        ratios=(("vodseal staged", ("yt-dlp", "curl")), ("vodseal", ("ffmpeg",))),
        more={"p50_ms": {"vodseal": 0.05}},
    )


def test_the_object_has_what_scripts_rely_on(report: Report) -> None:
    told = json.loads(json.dumps(report.as_json()))
    assert told["median_MBps"] == {"vodseal": 1000.0, "vodseal staged": 2000.0, "yt-dlp": 250.0}
    assert told["rounds"] == 3
    assert told["cpu_s_per_GB"] == {"vodseal": 1.0, "yt-dlp": 0.5}
    assert told["peak_rss_MB"] == {"vodseal": 60.0, "yt-dlp": 50.0}
    assert told["times_as_fast"] == {"vodseal staged / yt-dlp": 8.0}
    assert told["left_out"] == {"curl": "curl is not installed"}
    assert told["raw"]["yt-dlp"]["seconds"] == [8.0, 7.0, 80.0]
    assert told["raw"]["vodseal staged"]["cpu_seconds"] == [None] * 3
    assert {"cores", "processor", "system", "python"} <= set(told["machine"])
    assert any("fewer than 5 rounds" in note for note in told["notes"])


def test_five_rounds_are_no_trial(report: Report) -> None:
    from dataclasses import replace

    notes = replace(report, rounds=5).as_json()["notes"]
    assert not any("fewer" in note for note in notes)


def test_every_picture_is_svg_with_names_numbers_and_a_unit(report: Report) -> None:
    drawn = pictures(report)
    assert set(drawn) == {
        "download-MBps.svg", "download-cpu.svg", "download-memory.svg", "download-p50_ms.svg",
    }  # fmt: skip
    root = parsed(drawn["download-MBps.svg"])
    said = [text.text for text in root.iter(f"{SVG}text")]
    assert {"vodseal", "vodseal staged", "yt-dlp", "1000", "2000", "250"} <= set(said)
    assert any("MB/s" in str(text) for text in said)
    widths = [float(r.get("width", "0")) for r in root.iter(f"{SVG}rect") if r.get("class")]
    assert widths[0] == pytest.approx(4 * widths[2], rel=0.01)


@pytest.mark.parametrize("most", [0.0, 0.004, 0.7, 1.0, 3.0, 99.0, 250.0, 12_345.0, 9e9])
def test_a_grid_has_at_most_five_lines_of_round_numbers(most: float) -> None:
    root = parsed(bars("a < b & c", "ms", {"<x>": most, "y": most / 3}))
    assert root.find(f"{SVG}title").text == "a < b & c"
    lines = [line for line in root.iter(f"{SVG}line") if line.get("class") == "g"]
    assert 3 <= len(lines) <= 6


def test_a_picture_of_nothing_is_a_picture() -> None:
    assert parsed(bars("nothing", "ms", {})).tag == f"{SVG}svg"
