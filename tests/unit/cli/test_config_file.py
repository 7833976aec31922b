"""config.toml: after the option, after the variable."""

from __future__ import annotations

import pytest

from vodseal.cli.config_file import config_path
from vodseal.container.meta import Meta
from vodseal.container.source import MemorySink
from vodseal.container.writer import SealedWriter
from vodseal.vault import key_service


@pytest.fixture
def write(home):
    def write(text: str) -> None:
        home.mkdir(exist_ok=True)
        config_path().write_text(text)

    yield write
    key_service.uninstall()


def seen(said) -> str:
    """Return the file that the player was asked for: it is in the message."""
    return str(said.answer["message"])


def test_the_file_is_asked_last(vodseal, write, monkeypatch, tmp_path) -> None:
    film = tmp_path / "film.vseal"
    film.write_bytes(b"\x89VSL\r\n\x1a\n" + bytes(5000))
    write('[play]\nwith = "nothing"\n')
    assert vodseal("play", film, "--json").status == 2
    monkeypatch.setenv("VODSEAL_PLAYER", "null")
    assert vodseal("play", film, "--json").status == 1
    monkeypatch.setenv("VODSEAL_PLAYER", "nothing")
    assert vodseal("play", film, "--with", "null", "--json").status == 1


@pytest.fixture
def sealed(tmp_path):
    sink = MemorySink()
    writer = SealedWriter(sink, bytes(32), file_id=bytes(16), download_id=bytes(16))
    writer.finish(Meta(content_type="video/mp4"))
    path = tmp_path / "film.vseal"
    path.write_bytes(sink.data)
    return path


@pytest.mark.parametrize("name", ["security-file", "security_file"])
def test_the_app_may_be_named_there(vodseal, write, sealed, monkeypatch, name) -> None:
    assert "no security file is loaded" in seen(vodseal("verify", sealed, "--json"))
    write(f'[verify]\n{name} = "/nowhere/from-the-file.dat"\n')
    assert "from-the-file" in seen(vodseal("verify", sealed, "--json"))
    monkeypatch.setenv("VODSEAL_SECURITY_FILE", "/nowhere/from-the-variable.dat")
    assert "from-the-variable" in seen(vodseal("verify", sealed, "--json"))
    option = ("--security-file", "/nowhere/from-the-option.dat")
    assert "from-the-option" in seen(vodseal("verify", sealed, *option, "--json"))


def test_an_option_that_is_none_is_named(vodseal, write, sealed) -> None:
    write('[verify]\ncolour = "red"\n')
    said = vodseal("verify", sealed, "--json")
    assert (said.status, said.answer["name"]) == (2, "MISUSE")
    assert "colour" in seen(said)


def test_other_tables_are_others(vodseal, write, tmp_path) -> None:
    write("[service]\nport = 1\n[nobody]\nx = 1\n")
    assert vodseal("inspect", tmp_path / "none", "--json").status == 1


@pytest.mark.parametrize("text", ["[play", "play = 3\n[play]\n", "\x00"])
def test_a_broken_file_is_named(vodseal, write, text) -> None:
    write(text)
    said = vodseal("inspect", "none", "--json")
    assert (said.status, said.answer["name"]) == (2, "MISUSE")
    assert "config.toml" in seen(said)
