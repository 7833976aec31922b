"""What is printed, where, and in which shape."""

from __future__ import annotations

import io
import json

import pytest

from vodseal.cli.terminal import Terminal, error_object
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, VodsealError


class Screen:
    def __init__(self, *, as_json: bool) -> None:
        self.out, self.talk = io.StringIO(), io.StringIO()
        self.terminal = Terminal(as_json=as_json, out=self.out, talk=self.talk)


@pytest.fixture
def script() -> Screen:
    return Screen(as_json=True)


@pytest.fixture
def person() -> Screen:
    return Screen(as_json=False)


def test_an_event_is_a_line_of_json(script) -> None:
    script.terminal.event("downloading", percent=7, bytes=1000, speed=10, eta=2.5)
    script.terminal.event("completed", path="/films/Grüße.vseal")
    assert [json.loads(line) for line in script.out.getvalue().splitlines()] == [
        {"event": "downloading", "percent": 7, "bytes": 1000, "speed": 10, "eta": 2.5},
        {"event": "completed", "path": "/films/Grüße.vseal"},
    ]


def test_people_do_not_see_events(person) -> None:
    person.terminal.event("downloading", percent=7)
    assert person.out.getvalue() == person.talk.getvalue() == ""


def test_talk_goes_to_stderr_in_either_case(script, person) -> None:
    for screen in (script, person):
        screen.terminal.say("stopping")
        assert (screen.out.getvalue(), screen.talk.getvalue()) == ("", "stopping\n")


def test_an_answer_is_one_object_or_lines(script, person) -> None:
    members = {"vid": "abc", "whole": True, "size": 12, "tags": None}
    script.terminal.answer(members)
    assert json.loads(script.out.getvalue()) == members
    person.terminal.answer(members)
    assert person.out.getvalue() == "vid:    abc\nwhole:  yes\nsize:   12\ntags:\n"


def test_a_text_takes_the_place_of_the_lines(script, person) -> None:
    for screen in (script, person):
        screen.terminal.answer({"vid": "abc"}, "deleted abc")
    assert json.loads(script.out.getvalue()) == {"vid": "abc"}
    assert person.out.getvalue() == "deleted abc\n"


def test_a_table_is_aligned_or_a_list(script, person) -> None:
    rows = [{"vid": "a", "title": "long title", "more": 1}, {"vid": "bbb", "title": "t", "more": 2}]
    script.terminal.table("videos", ("vid", "title"), rows)
    assert json.loads(script.out.getvalue()) == {"videos": rows}
    person.terminal.table("videos", ("vid", "title"), rows)
    assert person.out.getvalue().splitlines() == ["vid  title", "a    long title", "bbb  t"]


def test_an_empty_table_has_its_head(person) -> None:
    person.terminal.table("videos", ("vid", "title"), [])
    assert person.out.getvalue() == "vid  title\n"


def test_a_title_cannot_drive_the_terminal(person) -> None:
    person.terminal.answer({"title": "a\x1b[2J\nb\x07c\x9b"})
    assert person.out.getvalue() == "title:  a [2J b c\n"


def test_a_message_of_a_service_cannot_either(person) -> None:
    person.terminal.error(DownloadError(ErrorCode.NET_ERROR, "a\x1b]0;evil\x07b", remedy="-"))
    assert "\x1b" not in person.talk.getvalue()
    assert person.talk.getvalue().count("\n") == 3


def test_an_error_is_message_remedy_and_number(script, person) -> None:
    error = DownloadError(
        ErrorCode.ENCRYPT_FILE_NOT_MATCH, "no file", remedy="Load it.", request_id="R-1"
    )
    script.terminal.error(error)
    assert json.loads(script.out.getvalue()) == {
        "event": "error",
        "code": 805371912,
        "hex": "0x30010008",
        "name": "ENCRYPT_FILE_NOT_MATCH",
        "message": "no file",
        "remedy": "Load it.",
        "request_id": "R-1",
    }
    person.terminal.error(error)
    assert person.out.getvalue() == ""
    assert person.talk.getvalue() == (
        "error: no file\n  Load it.\n  (0x30010008 ENCRYPT_FILE_NOT_MATCH, request R-1)\n"
    )


def test_every_number_has_its_own_hex() -> None:
    for code in ErrorCode:
        told = error_object(VodsealError("x", code=code))
        assert int(str(told["hex"]), 16) == told["code"] == code
        assert "request_id" not in told


def test_bars_are_for_people_alone(script) -> None:
    with script.terminal.bars() as bars:
        bars.update("downloading", 1, 2)
    assert script.out.getvalue() == script.talk.getvalue() == ""


def test_a_bar_shows_bytes_speed_and_time(person) -> None:
    with person.terminal.bars() as bars:
        for done in (0, 500_000, 1_000_000):
            bars.update("downloading", done, 1_000_000)
        bars.update("processing", 1_000_000, 2_000_000)
    shown = person.talk.getvalue()
    assert "downloading" in shown
    assert "processing" in shown
    assert "1.0/1.0 MB" in shown
    assert "1.0/2.0 MB" in shown
    assert "B/s" in shown
    assert person.out.getvalue() == ""
