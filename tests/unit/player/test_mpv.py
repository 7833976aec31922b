"""mpv as the player: what it is told, and where."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.tools import require_tool

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, PlayError, TamperedError
from vodseal.player import mpv
from vodseal.player.session import open_sealed

if TYPE_CHECKING:
    from pathlib import Path

HEADLESS = ("--no-config", "--vo=null", "--ao=null", "--untimed")


def stand_in(tmp_path: Path, script: str) -> str:
    """Return the path of a program that is called in place of mpv."""
    path = tmp_path / "mpv"
    path.write_text(f"#!{sys.executable}\nimport os, sys, urllib.request\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


READ_OPTIONS = """
include = next(a.partition("=")[2] for a in sys.argv if a.startswith("--include="))
options = open(include).read()
"""


@pytest.mark.behaviour("B17")
def test_mpv_plays_a_sealed_film(sealed, ring) -> None:
    command = require_tool("mpv")
    with open_sealed(sealed, keys=ring) as session:
        mpv.play_with_mpv(session, command=command, options=HEADLESS)


@pytest.mark.behaviour("B49")
def test_an_altered_film_is_a_play_error(seal, ring, movie) -> None:
    command = require_tool("mpv")
    path = seal(movie + os.urandom(3 << 20))
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with open_sealed(path, keys=ring) as session, pytest.raises(PlayError) as caught:
        mpv.play_with_mpv(session, command=command, options=HEADLESS)
    assert caught.value.code == ErrorCode.DEMUXER_OPENSTREAM
    assert isinstance(caught.value.__cause__, TamperedError)


def test_what_mpv_cannot_play_is_a_play_error(seal, ring) -> None:
    command = require_tool("mpv")
    with open_sealed(seal(b"no film"), keys=ring) as session, pytest.raises(PlayError):
        mpv.play_with_mpv(session, command=command, options=HEADLESS)


def test_no_secret_and_no_title_is_on_the_command_line(sealed, ring, tmp_path) -> None:
    told = tmp_path / "told"
    script = (
        READ_OPTIONS
        + f"""
key = options.partition("Bearer ")[2].partition(chr(10))[0]
assert len(key) > 40
line = open("/proc/self/cmdline").read() + repr(dict(os.environ))
assert key not in line and "Hopper" not in line
asked = urllib.request.Request(sys.argv[-1], headers={{"Authorization": "Bearer " + key}})
open({str(told)!r}, "wb").write(urllib.request.urlopen(asked).read() + options.encode())
"""
    )
    with open_sealed(sealed, keys=ring) as session, session.open_reader() as reader:
        mpv.play_with_mpv(session, command=stand_in(tmp_path, script))
        assert told.read_bytes().startswith(reader.read())
    assert b"force-media-title=%16%Grace & <Hopper>\n" in told.read_bytes()


def test_a_title_cannot_smuggle_in_an_option(seal, ring, movie, tmp_path) -> None:
    told = tmp_path / "told"
    script = READ_OPTIONS + f"open({str(told)!r}, 'w').write(options)"
    title = "Film\nscript=/tmp/evil.lua\r\n" + "ü" * 400
    with open_sealed(seal(movie, title=title), keys=ring) as session:
        mpv.play_with_mpv(session, command=stand_in(tmp_path, script))
    assert len(told.read_text().splitlines()) == 2


def test_mpv_is_told_to_write_nothing(sealed, ring, tmp_path) -> None:
    script = "sys.exit(0 if {'--cache-on-disk=no', '--stream-record='} < set(sys.argv) else 2)"
    with open_sealed(sealed, keys=ring) as session:
        mpv.play_with_mpv(session, command=stand_in(tmp_path, script))


def test_without_mpv_it_says_so(sealed, ring, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert mpv.find_mpv() is None
    with open_sealed(sealed, keys=ring) as session, pytest.raises(OperatorError) as caught:
        mpv.play_with_mpv(session)
    assert caught.value.code == ErrorCode.PLAYER_NOT_FOUND


def test_mpv_does_not_outlive_the_one_who_waits(tmp_path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        original, calls = process.wait, []

        def interrupted(timeout: float | None = None) -> int:
            calls.append(timeout)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return original(timeout)

        process.wait = interrupted  # type: ignore[method-assign]  # the test stands in its place
        with pytest.raises(KeyboardInterrupt):
            mpv._wait(process)
        assert process.returncode == -15
    finally:
        process.communicate()
