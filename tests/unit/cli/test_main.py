"""Exit status, usage errors, help, and what is not imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vodseal.cli import commands
from vodseal.error_codes import ErrorCode

OWN = [name for name in commands.COMMANDS if name != "demo"]
GROUPS = {
    "videos": ["upload", "list", "show", "delete"],
    "apps": ["register", "reissue", "list", "show", "revoke"],
    "licenses": ["list", "revoke"],
    "policy": ["show", "set"],
    "settings": ["get", "set"],
    "credentials": ["sts", "play-auth"],
    "app": ["init", "sign", "check"],
    "keys": ["rotate", "status"],
    "audit": ["verify", "checkpoint", "list"],
    "bench": ["download", "seal", "seek"],
    "queue": ["add", "list", "pause", "resume", "stop", "remove", "reorder", "move", "run"],
}
LEAVES = [(name,) for name in commands.COMMANDS if name not in GROUPS] + [
    (name, leaf) for name, leaves in GROUPS.items() for leaf in leaves
]


def test_help_lists_every_command(vodseal) -> None:
    said = vodseal("--help")
    assert said.status == 0
    assert all(f"  {name} " in said.out for name in commands.COMMANDS)
    assert "Example: " in said.out


def test_nothing_at_all_is_a_usage_error(vodseal) -> None:
    assert vodseal().status == 2


def test_version(vodseal) -> None:
    said = vodseal("--version")
    assert (said.status, said.out.split()[0]) == (0, "vodseal")


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_has_help_with_an_example_and_json(vodseal, words) -> None:
    said = vodseal(*words, "--help")
    assert said.status == 0
    assert f"Usage: vodseal {' '.join(words)}" in said.out
    assert f"Example: vodseal {' '.join(words)}" in said.out
    assert "--json" in said.out


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_has_help_with_an_example(vodseal, name) -> None:
    said = vodseal(name, "--help")
    assert said.status == 0
    assert "Example: vodseal " in said.out
    assert all(f"  {leaf}: " in said.out for leaf in GROUPS[name])


def test_no_secret_can_be_given_on_a_command_line(vodseal) -> None:
    for words in LEAVES:
        shown = vodseal(*words, "--help").out
        for word in ("--secret", "--password", "--token", "--app-key ", "--private-string"):
            assert word not in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["videos", "nope"],
        ["videos", "show"],
        ["videos", "show", "a", "b"],
        ["serve", "--port", "many"],
        ["settings", "get", "--colour"],
        ["play", "film.vseal", "--with", "vlc"],
        ["download", "vid"],
        ["download", "v", "--source", "s", "--save-dir", "d", "--track", "-1"],
        ["download", "v", "--source", "s", "--save-dir", "d", "--track", "1", "--definition", "HD"],
        ["credentials", "sts", "--duration", "0"],
        ["apps", "register"],
        ["apps", "register", "--ios-bundle", "a.b", "--windows-serial", "1"],
        ["apps", "register", "--bundle-id", "a.b"],
        ["apps", "register", "--ios-bundle", "a.b", "--least-level", "high"],
        ["apps", "reissue"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_status_2_and_named(vodseal, arguments) -> None:
    said = vodseal(*arguments, "--json")
    assert said.status == 2
    assert said.answer["event"] == "error"
    assert said.answer["code"] == ErrorCode.MISUSE
    assert said.answer["message"]
    assert said.answer["remedy"]
    assert said.talk == ""
    people = vodseal(*arguments)
    assert (people.status, people.out) == (2, "")
    assert people.talk.startswith("error: ")


def test_a_near_miss_is_pointed_out(vodseal) -> None:
    assert "vodseal videos" in str(vodseal("vidoes", "--json").answer["remedy"])


def test_a_named_failure_is_status_1(vodseal) -> None:
    said = vodseal("videos", "list", "--json")
    assert (said.status, said.answer["name"]) == (1, "NO_PROFILE")


def test_an_unreachable_service_is_named(vodseal, monkeypatch) -> None:
    monkeypatch.setenv("VODSEAL_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("VODSEAL_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("VODSEAL_ACCESS_KEY_SECRET", "TheSecretOfThisTest")
    said = vodseal("videos", "list", "--json")
    assert (said.status, said.answer["hex"]) == (1, "0x20010005")
    assert "TheSecretOfThisTest" not in said.out + said.talk


def test_json_behind_two_dashes_is_not_ours(vodseal) -> None:
    said = vodseal("videos", "show", "--", "--json")
    assert (said.status, said.out) == (1, "")


def test_an_unforeseen_error_tells_its_kind_and_not_its_text(vodseal, monkeypatch) -> None:
    def broken(_: str) -> object:
        raise RuntimeError("http://host/?Signature=secret")

    monkeypatch.setattr("vodseal.cli.__main__.make_parser", broken)
    said = vodseal("videos", "list", "--json")
    assert (said.status, said.answer["name"]) == (1, "UNKNOWN_ERROR")
    assert "RuntimeError" in str(said.answer["message"])
    assert "secret" not in said.out + said.talk
    monkeypatch.setenv("VODSEAL_DEBUG", "1")
    with pytest.raises(RuntimeError):
        vodseal("videos", "list")


def test_ctrl_c_is_a_named_error(vodseal, monkeypatch) -> None:
    def interrupted(_: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("vodseal.cli.__main__.make_parser", interrupted)
    said = vodseal("videos", "list", "--json")
    assert (said.status, said.answer["name"]) == (1, "INTERRUPTED")
    assert "again" in str(said.answer["remedy"])


def test_the_overview_loads_neither_the_parser_nor_anything_heavy() -> None:
    script = (
        "import sys; from vodseal.cli.__main__ import main; main(['--help']);"
        "heavy = {'cyclopts', 'rich', 'av', 'pycurl', 'cryptography', 'sqlalchemy'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_no_command_needs_the_service_extra_to_be_asked_for_help() -> None:
    script = (
        "import sys; from vodseal.cli.__main__ import main\n"
        "for name in ('granian', 'starlette', 'sqlalchemy', 'alembic', 'msgspec', 'obstore'):\n"
        "    sys.modules[name] = None\n"
        f"sys.exit(max(main([name, '--help']) for name in {OWN!r}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_serve_without_its_extra_says_how_to_get_it(vodseal, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "vodseal.service.server", None)
    said = vodseal("serve", "--json")
    assert (said.status, said.answer["name"]) == (1, "SERVICE_NOT_INSTALLED")
    assert "vodseal[service]" in str(said.answer["remedy"])


def test_it_runs_as_a_module_and_survives_a_closed_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        ended = subprocess.run(
            [sys.executable, "-m", "vodseal.cli", "apps", "--help"],
            stdout=broken,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr
    ran = subprocess.run(
        [sys.executable, "-m", "vodseal.cli", "nope"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
