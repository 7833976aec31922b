"""``play`` and ``verify``: a plain film needs no app; a sealed one has its own tests."""

from __future__ import annotations

import shutil

import pytest
from tests.media import Film, render

import vodseal.player.browser
from vodseal.error_codes import ErrorCode


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    render(path, Film(seconds=1.0, size=(64, 48)))
    return path


@pytest.fixture
def film(rendered, tmp_path):
    return shutil.copyfile(rendered, tmp_path / "film.mp4")


@pytest.mark.behaviour("B15")
def test_null_reports_how_decoding_went(vodseal, film) -> None:
    said = vodseal("play", film, "--with", "null", "--json")
    assert said.status == 0
    assert (said.answer["player"], said.answer["frames"]) == ("null", 25)
    assert said.answer["video_codec"] == "h264"
    assert float(str(said.answer["first_frame_ms"])) > 0
    people = vodseal("play", film, "--with", "null")
    assert "frames:          25" in people.out


def test_the_player_may_come_from_the_environment(vodseal, film, monkeypatch) -> None:
    monkeypatch.setenv("VODSEAL_PLAYER", "null")
    assert vodseal("play", film, "--json").answer["player"] == "null"


@pytest.mark.parametrize("arguments", [["--with", "browser"], []])
def test_the_browser_is_shown_a_page_and_a_script_is_told_where(
    vodseal, film, monkeypatch, arguments
) -> None:
    def show(session, *, on_ready, on_no_browser) -> None:
        assert session.title == "film"
        on_ready("http://127.0.0.1:1/open/once")
        on_no_browser("http://127.0.0.1:1/open/once")

    monkeypatch.setattr(vodseal_browser(), "play_with_browser", show)
    monkeypatch.setenv("PATH", "/nowhere")
    said = vodseal("play", film, *arguments, "--json")
    assert said.status == 0
    assert said.lines[0] == {"event": "ready", "url": "http://127.0.0.1:1/open/once"}
    assert said.lines[1]["player"] == "browser"
    assert "works once" in said.talk


def vodseal_browser():
    return vodseal.player.browser


def test_mpv_that_is_missing_is_named(vodseal, film, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = vodseal("play", film, "--with", "mpv", "--json")
    assert (said.status, said.answer["code"]) == (1, ErrorCode.PLAYER_NOT_FOUND)


def test_a_plain_file_is_not_verified_as_sealed(vodseal, film) -> None:
    said = vodseal("verify", film, "--json")
    assert (said.status, said.answer["name"]) == (1, "FORMAT_INVALID")
    assert "film.mp4" in str(said.answer["message"])


@pytest.mark.parametrize("command", ["play", "verify", "inspect"])
def test_a_missing_file_is_named(vodseal, tmp_path, command) -> None:
    said = vodseal(command, tmp_path / "none.vseal", "--json")
    assert said.status == 1
    assert "none.vseal" in str(said.answer["message"])
    assert said.answer["remedy"]
