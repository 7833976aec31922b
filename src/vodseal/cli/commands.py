"""The commands by name. None of them is imported before it is called, help included."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyclopts import App

__all__ = ["COMMANDS", "group_help", "make_parser", "overview"]

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "demo": "Show the whole main job on this machine, with a check behind every claim.",
        "serve": "Host a VOD service.",
        "videos": "Upload videos, and look after them.",
        "apps": "Register apps, and issue their security files.",
        "licenses": "See and revoke the licenses that devices hold.",
        "policy": "See and change the terms of licenses, for an app or a video.",
        "settings": "See and change what the service allows.",
        "keys": "See and rotate the master key.",
        "audit": "Check and read the log of who could open what.",
        "credentials": "Issue a temporary credential, as an app server does.",
        "app": "Sign a Python app, so that it can prove who it is.",
        "download": "Download a video into a file that only this app, here, can play.",
        "queue": "Keep a queue of downloads, and run it.",
        "play": "Play a downloaded file.",
        "inspect": "Show what a sealed file says without its key.",
        "rekey": "Move downloads to another security file of their app.",
        "bench": "Measure downloads, sealing and reading against other programs.",
        "verify": "Read a sealed file from end to end, and check every byte; or mend it.",
    }
)


def overview() -> str:
    """Return what ``vodseal --help`` prints."""
    width = max(map(len, COMMANDS)) + 2
    rows = "\n".join(f"  {name.ljust(width)}{text}" for name, text in COMMANDS.items())
    return (
        "Usage: vodseal COMMAND [OPTIONS]\n\n"
        "Secure video download for offline playback.\n\n"
        f"Commands:\n{rows}\n\n"
        "Every command has --help with an example, and --json for scripts.\n"
        "Example: vodseal demo"
    )


def group_help(name: str, example: str) -> str:
    """Return the help of a command that has commands of its own."""
    return f"{COMMANDS[name]}\n\nExample: vodseal {example}"


def make_parser(name: str) -> App:
    """Return the parser of one command. Its module is named after it.

    Raises:
        MisuseError: There is no such command.
    """
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean: vodseal {near[0]}" if near else "See: vodseal --help"
        raise MisuseError(f"there is no command {name!r}", remedy=hint)
    from cyclopts import App  # noqa: PLC0415 - it takes 0.2 s, which the overview does without
    from cyclopts.config import Dict  # noqa: PLC0415 - as above

    from vodseal.cli.config_file import config_path, read_config  # noqa: PLC0415 - as above

    parser = App(
        name="vodseal",
        config=Dict(read_config(), source=str(config_path())),
        version_flags=(),
        help_formatter="plain",
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    parser.command(f"vodseal.cli.{name}:{name}", name=name)
    return parser
