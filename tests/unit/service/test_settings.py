"""Settings of a run, and settings of the service."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.service.service_settings import SETTINGS
from vodseal.service.settings import Settings, load_settings

HOME = Path("/home/user/vodseal")


def load(flags=None, environment=None, file=None):
    return load_settings(flags or {}, environment or {}, file, HOME)


def test_defaults():
    settings = load()
    assert (settings.host, settings.port, settings.sts_min_seconds) == ("127.0.0.1", 8800, 900)
    assert settings.data == HOME / "service"
    assert settings.master_key is None


def test_flags_win_over_variables_and_these_over_the_file(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[service]\nport = 1\nhost = "a"\nsts-min-seconds = 10\n')
    settings = load(
        {"port": 3, "host": None, "data": tmp_path},
        {"VODSEAL_PORT": "2", "VODSEAL_HOST": "b", "VODSEAL_OTHER": "x"},
        file,
    )
    assert (settings.port, settings.host, settings.sts_min_seconds) == (3, "b", 10)
    assert settings.data == tmp_path


def test_every_setting_has_its_variable_and_says_so():
    source = Path(Settings.__module__.replace(".", "/"))
    text = (Path(__file__).parents[3] / "src" / source).with_suffix(".py").read_text()
    for item in fields(Settings):
        assert f"VODSEAL_{item.name.upper()}" in text, item.name


@pytest.mark.parametrize(
    "text", ["[service]\nporto = 1\n", "service = 1\n", "not toml", '[service]\nport = "x"\n']
)
def test_files_that_cannot_be_taken_are_named(tmp_path, text):
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(OperatorError) as caught:
        load(file=file)
    assert caught.value.code == ErrorCode.MISUSE


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OperatorError):
        load(file=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sts_min_seconds", "soon"),
        ("sts_min_seconds", "0"),
        ("port", "65536"),
        ("port", "-1"),
        ("transcode_workers", "0"),
        ("log_level", "loud"),
    ],
)
def test_values_that_cannot_be_are_named(name, value):
    with pytest.raises(OperatorError) as caught:
        load(environment={f"VODSEAL_{name.upper()}": value})
    assert name.replace("_", "-") in caught.value.message


@pytest.mark.parametrize("name", SETTINGS)
def test_every_default_is_allowed(name):
    assert SETTINGS[name].allows(SETTINGS[name].default)
    assert SETTINGS[name].meaning


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("download-mode", "on"),
        ("download-mode", ""),
        ("default-template-group", "other"),
        ("url-auth-seconds", "0"),
        ("url-auth-seconds", "-1"),
        ("url-auth-seconds", "1e3"),
        ("url-auth-seconds", "\u0663"),
        ("url-auth-seconds", "99999999999"),
    ],
)
def test_values_that_are_not_allowed(name, value):
    assert not SETTINGS[name].allows(value)
