"""What a command takes: its time, its processors, the memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vodseal.bench.local import openssl_rate
from vodseal.bench.measure import events, measure
from vodseal.bench.memory import MemoryWatch, family, pss
from vodseal.bench.nginx import find_nginx
from vodseal.bench.rivals import DOWNLOAD_RIVALS, chosen, find
from vodseal.error_codes import ErrorCode
from vodseal.errors import MisuseError, OperatorError

FAMILY = """
import subprocess, sys
block = bytearray(b"x" * 40_000_000)
child = subprocess.Popen([sys.executable, "-c", "block = bytearray(b'x' * 40_000_000); input()"],
                         stdin=subprocess.PIPE)
print("ready", flush=True)
input()
child.communicate(b"\\n")
"""


def test_a_command_s_events_time_and_processor() -> None:
    code = "import json; print('{\"event\": \"a\"}'); print('talk'); sum(range(3_000_000))"
    taken = measure([sys.executable, "-c", code], environment={"X": "1"})
    assert [event for _, event in events(taken)] == [{"event": "a"}]
    assert taken.cpu_seconds is not None
    assert taken.cpu_seconds > 0
    assert 0 < events(taken)[0][0] <= taken.seconds
    assert taken.peak_memory is not None
    assert taken.peak_memory > 1_000_000
    assert taken.failure == ""


def test_a_command_that_fails_says_why() -> None:
    taken = measure([sys.executable, "-c", "import sys; sys.exit('no such film')"])
    assert taken.failure == "exit status 1: no such film"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="no PSS here")
def test_memory_is_summed_over_a_family() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        pids = family(process.pid)
        assert len(pids) == 2
        assert pss(process.pid) > 40_000_000
        with MemoryWatch(process.pid) as watch:
            while watch.peak < 80_000_000:
                os.sched_yield()
        process.communicate(b"\n")
    assert pss(process.pid) == 0
    assert family(process.pid) == [process.pid]


def test_rivals_are_chosen_by_name() -> None:
    names = [rival.name for rival in DOWNLOAD_RIVALS]
    assert chosen(names, None) == tuple(names)
    assert chosen(names, "dd, yt-dlp") == ("yt-dlp", "yt-dlp + remux", "dd")
    with pytest.raises(MisuseError) as unknown:
        chosen(names, "wget")
    assert "yt-dlp" in unknown.value.remedy


def test_a_rival_is_looked_for_in_its_folder_first(tmp_path, monkeypatch) -> None:
    program = tmp_path / "curl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    assert find("curl", tmp_path) == str(program)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("curl", None) == str(program)
    assert find("no-such-rival", tmp_path) is None


def test_without_nginx_it_is_said(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("vodseal.bench.nginx._ALSO", str(tmp_path))
    with pytest.raises(OperatorError) as missing:
        find_nginx()
    assert missing.value.code is ErrorCode.TOOL_NOT_FOUND


@pytest.mark.parametrize(
    ("output", "rate"),
    [("+H:16384\n+F:25:AES-256-GCM:3020111872.00\n", 3020111872.0), ("usage\n", None), ("", None)],
)
def test_what_openssl_says(output: str, rate: float | None) -> None:
    assert openssl_rate(output) == rate
