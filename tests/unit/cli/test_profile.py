"""Which service the admin commands speak to."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from vodseal.cli.profile import Profile, find_profile, keep_profile, known_profile
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

ONE = Profile(endpoint="http://127.0.0.1:1", access_key_id="id1", access_key_secret="s1")
TWO = Profile(endpoint="http://127.0.0.1:2", access_key_id="id2", access_key_secret="s2")
KEY = {"VODSEAL_ACCESS_KEY_ID": "id9", "VODSEAL_ACCESS_KEY_SECRET": "s9"}


def test_without_any_word_it_is_said() -> None:
    with pytest.raises(OperatorError) as caught:
        find_profile({})
    assert caught.value.code is ErrorCode.NO_PROFILE


def test_the_service_that_was_started_last_is_the_one(home) -> None:
    keep_profile(Path("/one"), ONE)
    keep_profile(Path("/two"), TWO)
    assert find_profile({}) == TWO
    keep_profile(Path("/one"), ONE)
    assert find_profile({}) == ONE
    assert (known_profile(Path("/one")), known_profile(Path("/two"))) == (ONE, TWO)
    assert known_profile(Path("/three")) is None


def test_the_file_is_the_users_alone(home) -> None:
    path = keep_profile(Path("/one"), ONE)
    assert path == home / "profile.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_environment_goes_before_the_file() -> None:
    keep_profile(Path("/one"), ONE)
    assert find_profile({"VODSEAL_ENDPOINT": "http://elsewhere:9"}) == Profile(
        endpoint="http://elsewhere:9", access_key_id="id1", access_key_secret="s1"
    )
    assert find_profile(KEY).access_key_id == "id9"
    everything = {**KEY, "VODSEAL_ENDPOINT": "http://elsewhere:9"}
    assert find_profile(everything).access_key_secret == "s9"


@pytest.mark.parametrize("name", KEY)
def test_half_a_key_is_none(name) -> None:
    keep_profile(Path("/one"), ONE)
    with pytest.raises(OperatorError) as caught:
        find_profile({name: KEY[name]})
    assert caught.value.code is ErrorCode.NO_PROFILE


def test_a_key_without_an_endpoint_is_not_enough() -> None:
    with pytest.raises(OperatorError):
        find_profile(KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"services": []}',
        b'{"current": "/one", "services": {"/one": {}}}',
        b"\xff",
        b"[" * 200_000,
        b'{"services":' * 200_000,
    ],
    ids=range(8),
)
def test_a_broken_file_is_no_file(home, content) -> None:
    home.mkdir()
    (home / "profile.json").write_bytes(content)
    with pytest.raises(OperatorError):
        find_profile({})
    keep_profile(Path("/one"), ONE)
    assert find_profile({}) == ONE


def test_what_others_wrote_into_it_stays(home) -> None:
    home.mkdir()
    (home / "profile.json").write_text(json.dumps({"services": {}, "later": 1}))
    assert json.loads(keep_profile(Path("/one"), ONE).read_text())["later"] == 1


def test_no_secret_shows() -> None:
    assert "s1" not in repr(ONE)
    assert "s1" not in repr(ONE.credential())


def test_a_home_that_cannot_be_written_is_named(home) -> None:
    home.write_text("a file in its place")
    with pytest.raises(OperatorError) as caught:
        keep_profile(Path("/one"), ONE)
    assert caught.value.code is ErrorCode.OUTPUT_FILE_UNUSABLE
