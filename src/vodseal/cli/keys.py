"""``vodseal keys``: see and rotate the service's master key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.interrupts import Interrupts
from vodseal.cli.profile import open_admin
from vodseal.cli.terminal import Flag, Json, Terminal
from vodseal.rpc.messages.rotation import GetKeyRotationRequest, RotateMasterKeyRequest

if TYPE_CHECKING:
    from vodseal.rpc.messages.rotation import KeyRotationInfo
    from vodseal.sdk.transport import RpcClient

__all__ = ["keys"]

keys: Final = App(name="keys", help=group_help("keys", "keys rotate --wait"))

_POLL_SECONDS: Final = 0.2
_DONE: Final = "done"


@keys.command
def rotate(*, wait: Flag = False, json: Json = False) -> None:
    """Make a new version of the master key, and wrap every stored key under it.

    The service goes on meanwhile, and goes on with it after a restart. The old
    version is archived at the first start that finds nothing under it. Back the
    master key up again afterwards.

    Example: vodseal keys rotate --wait

    Args:
        wait: Return when every key is wrapped anew.
        json: Print JSON lines.
    """
    terminal = Terminal(as_json=json)
    with open_admin() as client:
        answer = client.send(RotateMasterKeyRequest())
        if not wait:
            return terminal.answer(_told(answer.key_version, answer.rotation))
        _wait(client, terminal)
    return None


@keys.command
def status(*, json: Json = False) -> None:
    """Show which key and version wraps now, and how far the newest rotation is.

    Example: vodseal keys status

    Args:
        json: Print one JSON object.
    """
    with open_admin() as client:
        answer = client.send(GetKeyRotationRequest())
    Terminal(as_json=json).answer(_told(answer.key_version, answer.rotation))


def _wait(client: RpcClient, terminal: Terminal) -> None:
    with Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
        while True:
            answer = client.send(GetKeyRotationRequest())
            rotation = answer.rotation
            bars.update("rewrapping", rotation.done, max(rotation.total, 1))
            terminal.event("rewrapping", done=rotation.done, total=rotation.total)
            if rotation.state == _DONE:
                break
            interrupts.wait(_POLL_SECONDS)
            interrupts.check()
    terminal.answer(_told(answer.key_version, rotation))


def _told(version: str, rotation: KeyRotationInfo) -> dict[str, object]:
    told: dict[str, object] = {"key_version": version, "rotation": rotation.state or "none"}
    if rotation.state:
        told |= {"done": rotation.done, "total": rotation.total, "failed": rotation.failed}
    if rotation.error:
        told["error"] = rotation.error
    return told
