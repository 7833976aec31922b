"""``vodseal serve``: host a VOD service."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.config_file import config_path
from vodseal.cli.profile import Profile, keep_profile, known_profile
from vodseal.cli.terminal import Json, Terminal
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from vodseal.service.server import Ready

__all__ = ["serve"]

serve: Final = App(name="serve")

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - a comparison


@serve.default
def run(
    *,
    data: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    sts_min_seconds: int | None = None,
    master_key: Path | None = None,
    key_service: str | None = None,
    public_url: str | None = None,
    transcode_workers: int | None = None,
    json: Json = False,
) -> None:
    """Host a VOD service until Ctrl-C.

    The first start of a data folder tells the operator's key, once. Each option
    has a variable, such as VODSEAL_PORT, and a line in the table [service] of
    config.toml in the folder VODSEAL_HOME. The option wins, then the variable.

    Example: vodseal serve --data /srv/vod --port 8800

    Args:
        data: The data folder; made when it is missing.
        host: The address to listen on; 127.0.0.1 when left out.
        port: The port to listen on; 8800 when left out, 0 for a free one.
        sts_min_seconds: The shortest life of a temporary key; 900 when left out.
        master_key: The master key file, outside of the data folder.
        key_service: Who wraps the keys: local, pkcs11:... or aws-kms:...
        public_url: The URL that clients use, when it is not this address.
        transcode_workers: How many videos are transcoded at a time.
        json: Print one line of JSON when it is ready.
    """
    try:
        from vodseal.service.jobs.in_process import InProcessRunner  # noqa: PLC0415 - an extra
        from vodseal.service.server import run as run_service  # noqa: PLC0415 - an extra
        from vodseal.service.settings import load_settings  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        message = f"the service is not installed here: there is no {error.name}"
        raise OperatorError(ErrorCode.SERVICE_NOT_INSTALLED, message) from error
    file = config_path()
    flags = {
        "data": data,
        "host": host,
        "port": port,
        "sts_min_seconds": sts_min_seconds,
        "master_key": master_key,
        "key_service": key_service,
        "public_url": public_url,
        "transcode_workers": transcode_workers,
    }
    settings = load_settings(flags, os.environ, file if file.exists() else None, file.parent)
    terminal = Terminal(as_json=json)
    run_service(settings, lambda ready: _tell(terminal, ready), InProcessRunner)


def _tell(terminal: Terminal, ready: Ready) -> None:
    """Say where it is, and what only the first start can say."""
    profile = _kept(ready)
    told = {"endpoint": ready.endpoint, "data": str(ready.data)}
    if profile is not None:
        told["access_key_id"] = profile.access_key_id
    if ready.admin_key is not None:
        told["access_key_secret"] = ready.admin_key.access_key_secret
    terminal.event("ready", **told)
    if terminal.as_json:
        return
    terminal.say(f"The service answers at {ready.endpoint} (data in {ready.data}).")
    if ready.admin_key is not None:
        terminal.say("The operator's key, told this once; admin commands here know it already:")
        key = {
            "access_key_id": told["access_key_id"],
            "access_key_secret": told["access_key_secret"],
        }
        terminal.answer(key)
    elif profile is None:
        terminal.say(
            "Admin commands here do not know this service's key: set VODSEAL_ENDPOINT, "
            "VODSEAL_ACCESS_KEY_ID and VODSEAL_ACCESS_KEY_SECRET."
        )
    terminal.say("Ctrl-C stops it.")


def _kept(ready: Ready) -> Profile | None:
    """Have admin commands speak to this service; None when its key is not known here."""
    key = ready.admin_key or known_profile(ready.data)
    if key is None:
        return None
    endpoint = ready.endpoint
    for everywhere, here in _EVERYWHERE.items():
        endpoint = endpoint.replace(f"//{everywhere}:", f"//{here}:")
    profile = Profile(
        endpoint=endpoint,
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
    )
    keep_profile(ready.data, profile)
    return profile
