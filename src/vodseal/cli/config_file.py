"""``config.toml`` in ``VODSEAL_HOME``: what options are when nobody gives them (design 5).

A table for each command, such as ``[download]`` or ``[videos.upload]``, with its
options as names. An option on the command line wins, then its variable, then
this file. The service's own table, ``[service]``, is read by ``serve``.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from vodseal.errors import MisuseError
from vodseal.vault.home import default_home

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["config_path", "read_config"]

_NAME: Final = "config.toml"


def config_path() -> Path:
    """Return where the file is, or would be."""
    return default_home().absolute() / _NAME


def read_config() -> dict[str, Any]:
    """Return the file's tables; none when there is no file.

    Raises:
        MisuseError: It cannot be read, or is no TOML.
    """
    path = config_path()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise MisuseError(
            f"{path}: {error}", remedy="Correct the file, or move it away."
        ) from error
