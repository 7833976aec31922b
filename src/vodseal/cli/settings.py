"""``vodseal settings``: see and change what the service allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.profile import open_admin
from vodseal.cli.terminal import Json, Terminal
from vodseal.errors import MisuseError
from vodseal.rpc.messages.settings import GetServiceSettingsRequest, SetServiceSettingsRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["settings"]

settings: Final = App(
    name="settings", help=group_help("settings", "settings set download-mode secure")
)


@settings.command
def get(name: str | None = None, /, *, json: Json = False) -> None:
    """Show one setting, or all of them.

    Example: vodseal settings get download-mode

    Args:
        name: The setting; all of them when left out.
        json: Print one JSON object.
    """
    with open_admin() as client:
        found = client.send(GetServiceSettingsRequest()).settings
    Terminal(as_json=json).answer(found if name is None else _only(found, name))


@settings.command(name="set")
def set_(name: str, value: str, /, *, json: Json = False) -> None:
    """Change a setting; the next request goes by it.

    Example: vodseal settings set download-mode secure

    Args:
        name: The setting, such as download-mode.
        value: What it shall be: off, normal or secure for download-mode.
        json: Print one JSON object.
    """
    with open_admin() as client:
        client.send(SetServiceSettingsRequest(name=name, value=value))
        found = client.send(GetServiceSettingsRequest()).settings
    Terminal(as_json=json).answer(_only(found, name))


def _only(found: Mapping[str, object], name: str) -> Mapping[str, object]:
    if name not in found:
        raise MisuseError(
            f"there is no setting {name!r}", remedy=f"There are: {', '.join(sorted(found))}."
        )
    return {name: found[name]}
