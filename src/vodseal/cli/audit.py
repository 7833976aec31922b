"""``vodseal audit``: check and read the log of who could open what."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.terminal import Json, Terminal
from vodseal.errors import AuditLogError, MisuseError
from vodseal.rpc.replay import format_time
from vodseal.vault.home import default_home

if TYPE_CHECKING:
    from vodseal.service.audit.chain import Scanned

__all__ = ["audit"]

audit: Final = App(name="audit", help=group_help("audit", "audit verify --data /srv/vod"))

_COLUMNS: Final = ("sequence", "time", "actor", "action", "object", "result")


@audit.command
def verify(
    *,
    data: Path | None = None,
    public_key: str | None = None,
    checkpoint: Path | None = None,
    json: Json = False,
) -> None:
    """Check the whole audit log: no record was altered, removed, added or moved.

    The service may run meanwhile. Whoever may write the data folder can cut the
    log and replace its key: keep the public key, and now and then a checkpoint,
    on another machine, and give them here.

    Example: vodseal audit verify --data /srv/vod --checkpoint kept.checkpoint

    Args:
        data: The data folder; the usual one when left out.
        public_key: The log's key, 64 hex digits; the database's when left out.
        checkpoint: One that `audit checkpoint` printed, and that was kept elsewhere.
        json: Print one JSON object.
    """
    from vodseal.service.audit.public_key import stored_public_key  # noqa: PLC0415 - an extra
    from vodseal.service.audit.reading import verify_log  # noqa: PLC0415 - an extra

    folder = _data(data)
    key = _key(public_key) if public_key else stored_public_key(folder / "service.db")
    kept = _read_checkpoint(checkpoint) if checkpoint else None
    found = verify_log(folder / "audit", key, kept)
    Terminal(as_json=json).answer(
        {
            "ok": True,
            "records": found.state.sequence,
            "begun": format_time(found.begun_ms / 1000),
            "checkpoints": found.checkpoints,
            "not_signed_yet": found.state.sequence - found.signed,
            "public_key": key.public_bytes_raw().hex(),
        }
    )


@audit.command
def checkpoint(*, data: Path | None = None, json: Json = False) -> None:
    """Print the newest signed checkpoint, to keep on another machine.

    Example: vodseal audit checkpoint --data /srv/vod

    Args:
        data: The data folder; the usual one when left out.
        json: Print one JSON object.
    """
    from vodseal.service.audit.reading import newest_checkpoint  # noqa: PLC0415 - an extra

    sealed = base64.b64encode(newest_checkpoint(_data(data) / "audit")).decode("ascii")
    Terminal(as_json=json).answer({"checkpoint": sealed}, sealed)


@audit.command(name="list")
def list_(
    *,
    data: Path | None = None,
    video: str | None = None,
    app: str | None = None,
    after: int = 0,
    json: Json = False,
) -> None:
    """Show the records: who did what, and who could open what.

    Example: vodseal audit list --video 0123456789abcdef0123456789abcdef

    Args:
        data: The data folder; the usual one when left out.
        video: Only what has to do with this video.
        app: Only what has to do with the app of this serial.
        after: Only what came after this sequence.
        json: Print one JSON object.
    """
    from vodseal.service.audit.reading import read_log  # noqa: PLC0415 - an extra

    wanted = [text for text in (video, app) if text]
    rows = [
        _row(found)
        for found in read_log(_data(data) / "audit")
        if found.state.sequence > after and all(text in _texts(found) for text in wanted)
    ]
    Terminal(as_json=json).table("records", _COLUMNS, rows)


def _texts(found: Scanned) -> str:
    return " ".join([found.event.object, *found.event.context.values()])


def _row(found: Scanned) -> dict[str, object]:
    event = found.event
    return {
        "sequence": found.state.sequence,
        "time": format_time(found.time_ms / 1000),
        "actor": event.actor,
        "action": event.action,
        "object": event.object,
        "result": event.result,
        "request_id": event.request_id,
        "context": dict(event.context),
    }


def _data(data: Path | None) -> Path:
    return data or default_home() / "service"


def _key(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as error:
        raise MisuseError("a public key is 64 hex digits") from error


def _read_checkpoint(path: Path) -> bytes:
    try:
        return base64.b64decode(path.read_bytes(), validate=False)
    except (OSError, binascii.Error) as error:
        raise AuditLogError(f"{path} is no checkpoint") from error
