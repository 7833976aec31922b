"""``vodseal queue`` without a service: what is asked of the queue, and how it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vodseal.cli.choosing import SourceFiles
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.sdk.credentials import CredentialReason, CredentialRequest

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "http://127.0.0.1:9"


def sts(path: Path, **more: Any) -> Path:
    values = {"kind": "sts", "vid": "", "region": "cn-shanghai", "endpoint": NOWHERE}
    keys = {"access_key_id": "i", "access_key_secret": "s", "security_token": "t"}
    path.write_text(json.dumps(values | keys | more))
    return path


@pytest.fixture
def films(vodseal, tmp_path: Path) -> Path:
    """A queue of three, with their tracks named: their service is not there."""
    source, folder = sts(tmp_path / "source.json"), tmp_path / "films"
    for vid, group in (("a", "series"), ("b", "series"), ("c", "")):
        said = vodseal(
            *("queue", "add", vid, "--save-dir", folder, "--source", source),
            *("--track", 0, "--group", group, "--json"),
        )
        assert said.status == 0, said
        assert said.answer["state"] == "waiting"
    return folder


def states(said: Any) -> dict[str, str]:
    return {row["vid"]: row["state"] for row in said.answer["items"]}


def test_add_and_list(vodseal, films: Path) -> None:
    said = vodseal("queue", "list", "--save-dir", films, "--json")
    assert [(row["id"], row["vid"], row["track"]) for row in said.answer["items"]] == [
        (1, "a", 0),
        (2, "b", 0),
        (3, "c", 0),
    ]
    group = vodseal("queue", "list", "--save-dir", films, "--group", "series", "--json")
    assert list(states(group)) == ["a", "b"]
    plain = vodseal("queue", "list", "--save-dir", films)
    assert plain.out.splitlines()[0].split() == [
        *("id", "state", "percent", "size", "vid", "track", "title", "group")
    ]


@pytest.mark.behaviour("B35")
def test_the_same_twice_is_refused(vodseal, films: Path, tmp_path: Path) -> None:
    said = vodseal(
        *("queue", "add", "a", "--save-dir", films, "--source", tmp_path / "source.json"),
        *("--track", 0, "--json"),
    )
    assert (said.status, said.answer["name"]) == (1, "ALREADY_QUEUED")
    assert said.answer["remedy"]


def test_pause_resume_stop_and_remove(vodseal, films: Path) -> None:
    def queue(*words: object) -> dict[str, str]:
        said = vodseal("queue", *words, "--save-dir", films, "--json")
        assert said.status == 0, said
        return states(said)

    assert queue("pause", 1, 3) == {"a": "paused", "b": "waiting", "c": "paused"}
    assert queue("stop", "--group", "series") == {"a": "stopped", "b": "stopped", "c": "paused"}
    assert set(queue("resume", "--every").values()) == {"waiting"}
    assert list(queue("reorder", 3, "--before", 1)) == ["c", "a", "b"]
    assert list(queue("reorder", 2, "--priority", 1)) == ["b", "c", "a"]
    assert list(queue("reorder", 3)) == ["b", "a", "c"]
    assert list(queue("remove", 2, "--with-files")) == ["a", "c"]
    assert queue("remove", "--every") == {}


@pytest.mark.parametrize(
    "words",
    [
        ("pause",),
        ("pause", "1", "--every"),
        ("resume", "--every", "--group", "series"),
        ("run", "--limit", "6"),
        ("run", "--window", "night"),
        ("add", "a", "--source", "x", "--track", "0", "--definition", "HD"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(vodseal, films: Path, words) -> None:
    said = vodseal("queue", *words, "--save-dir", films, "--json")
    assert (said.status, said.answer["name"]) == (2, "MISUSE")


def test_what_is_not_there_has_a_number(vodseal, films: Path) -> None:
    said = vodseal("queue", "pause", 9, "--save-dir", films, "--json")
    assert (said.status, said.answer["name"]) == (1, "NOT_IN_QUEUE")
    said = vodseal("queue", "run", "--save-dir", films, "--source", films / "no", "--json")
    assert (said.status, said.answer["name"]) == (1, "INPUT_FILE_UNUSABLE")


def test_a_run_that_fails_says_what_and_why(vodseal, films: Path) -> None:
    said = vodseal("queue", "run", "--save-dir", films, "--json")
    errors = [event for event in said.lines if event["event"] == "error"]
    assert (said.status, errors[-1]["name"]) == (1, "CHECK_FAILED")
    assert "3 of 3" in errors[-1]["message"]
    assert {event.get("vid") for event in errors[:-1]} == {"a", "b", "c"}
    assert errors[0]["name"] == "STS_SOURCE_NULL"
    listed = vodseal("queue", "list", "--save-dir", films, "--json").answer["items"]
    assert listed[0]["error"]["code"] == int(ErrorCode.STS_SOURCE_NULL)


def test_a_run_of_nothing_is_done(vodseal, tmp_path: Path) -> None:
    said = vodseal("queue", "run", "--save-dir", tmp_path / "empty", "--json")
    assert (said.status, said.answer) == (0, {"event": "finished", "completed": 0, "items": 0})


def test_a_queue_moves(vodseal, films: Path, tmp_path: Path) -> None:
    said = vodseal("queue", "move", tmp_path / "big", "--save-dir", films, "--json")
    assert said.answer == {"save_dir": str(tmp_path / "big")}
    assert len(vodseal("queue", "list", "--save-dir", films, "--json").answer["items"]) == 3


def test_source_files_are_read_when_they_are_needed(tmp_path: Path) -> None:
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"kind": "auth", "vid": "b", "play_auth": "p"}))
    key = sts(tmp_path / "sts.json")

    def ask(files: SourceFiles, vid: str) -> Any:
        return files.credential(CredentialRequest(vid=vid, reason=CredentialReason.QUEUED_START))

    files = SourceFiles([auth, key], "http://127.0.0.1:1")
    assert ask(files, "b").play_auth == "p"
    assert (ask(files, "c").vid, ask(files, "c").endpoint) == ("c", "http://127.0.0.1:1")
    sts(key, access_key_id="fresh")
    assert ask(files, "c").access_key_id == "fresh"
    assert ask(SourceFiles([auth], None), "c") is None
    key.write_text("{}")
    with pytest.raises(OperatorError):
        SourceFiles([key], None)
