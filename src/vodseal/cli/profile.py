"""Which service the admin commands speak to, and with which key (design 5).

``serve`` keeps the operator's key in ``VODSEAL_HOME/profile.json``, mode 0600,
one entry for each data folder: the key of a folder is told only once, and a
later start of the same folder finds it here. ``VODSEAL_ENDPOINT``,
``VODSEAL_ACCESS_KEY_ID`` and ``VODSEAL_ACCESS_KEY_SECRET`` go before it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.rpc.codec import decode_json
from vodseal.rpc.signing_v1 import Credential
from vodseal.sdk.transport import RpcClient
from vodseal.vault.home import default_home
from vodseal.vault.private_files import make_private_folder, write_private_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["REGION", "Profile", "find_profile", "keep_profile", "known_profile", "open_admin"]

REGION: Final = "cn-shanghai"
_ENDPOINT: Final = "VODSEAL_ENDPOINT"
_KEY_ID: Final = "VODSEAL_ACCESS_KEY_ID"
_KEY_SECRET: Final = "VODSEAL_ACCESS_KEY_SECRET"  # noqa: S105 - a name
_FILE: Final = "profile.json"
_MEMBERS: Final = ("endpoint", "access_key_id", "access_key_secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A service and the key of its operator."""

    endpoint: str
    access_key_id: str
    access_key_secret: str = field(repr=False)

    def credential(self) -> Credential:
        """Return the key."""
        return Credential(
            access_key_id=self.access_key_id, access_key_secret=self.access_key_secret
        )


def find_profile(environment: Mapping[str, str] | None = None) -> Profile:
    """Return what the environment names, else the service that was started last.

    Raises:
        OperatorError: ``NO_PROFILE``: neither says enough.
    """
    env = os.environ if environment is None else environment
    key_id, secret = env.get(_KEY_ID, ""), env.get(_KEY_SECRET, "")
    if bool(key_id) != bool(secret):
        message = f"{_KEY_ID} and {_KEY_SECRET} belong together, and one of them is not set"
        raise OperatorError(ErrorCode.NO_PROFILE, message)
    kept = _read()
    current = _profile(kept["services"].get(kept["current"]))
    endpoint = env.get(_ENDPOINT) or (current.endpoint if current else "")
    if not key_id and current:
        key_id, secret = current.access_key_id, current.access_key_secret
    if not endpoint or not key_id:
        raise OperatorError(ErrorCode.NO_PROFILE, "it is not known which service to speak to")
    return Profile(endpoint=endpoint, access_key_id=key_id, access_key_secret=secret)


def open_admin() -> RpcClient:
    """Return a client with the operator's key, for a ``with`` block.

    Raises:
        OperatorError: ``NO_PROFILE``.
        RequestError: The endpoint is not one.
    """
    profile = find_profile()
    return RpcClient(profile.endpoint, profile.credential())


def known_profile(data: Path) -> Profile | None:
    """Return what is known about the service of a data folder, or None."""
    return _profile(_read()["services"].get(str(data)))


def keep_profile(data: Path, profile: Profile) -> Path:
    """Make this service the one that admin commands speak to; return the file's path.

    Raises:
        OperatorError: ``OUTPUT_FILE_UNUSABLE``: it could not be written.
    """
    path = default_home() / _FILE
    kept = _read()
    kept["current"] = str(data)
    kept["services"][str(data)] = {name: getattr(profile, name) for name in _MEMBERS}
    try:
        make_private_folder(path.parent)
        write_private_file(path, json.dumps(kept, indent=1).encode())
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error
    return path


def _read() -> dict[str, Any]:
    """Return the file's content; an empty one where there is none, or none that can be used."""
    empty: dict[str, Any] = {"current": "", "services": {}}
    try:
        kept = decode_json((default_home() / _FILE).read_bytes())
    except (OSError, ValueError):
        return empty
    return {**empty, **kept} if isinstance(kept.get("services"), dict) else empty


def _profile(members: object) -> Profile | None:
    if not isinstance(members, dict):
        return None
    texts = [members.get(name) for name in _MEMBERS]
    if not all(isinstance(text, str) and text for text in texts):
        return None
    endpoint, key_id, secret = map(str, texts)
    return Profile(endpoint=endpoint, access_key_id=key_id, access_key_secret=secret)
