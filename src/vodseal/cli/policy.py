"""``vodseal policy``: the terms of licenses for one app or one video.

Those of the whole service are settings. A video's come before its app's, and an
app's before the service's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.profile import open_admin
from vodseal.cli.terminal import Json, Terminal
from vodseal.errors import MisuseError
from vodseal.rpc.messages.licenses import GetLicensePolicyRequest, SetLicensePolicyRequest

if TYPE_CHECKING:
    from vodseal.rpc.messages.licenses import GetLicensePolicyAnswer, SetLicensePolicyAnswer

__all__ = ["policy"]

policy: Final = App(
    name="policy",
    help=group_help("policy", "policy set max-devices 2 --app 0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
)

_COLUMNS: Final = ("name", "value", "own")


@policy.command
def show(*, app: str | None = None, video: str | None = None, json: Json = False) -> None:
    """Show what holds for an app or a video, and what of it was set for that very one.

    Example: vodseal policy show --video 0123456789abcdef0123456789abcdef

    Args:
        app: The serial of the app's security file.
        video: The video.
        json: Print one JSON object.
    """
    _check_one(app, video)
    with open_admin() as client:
        _tell(client.send(GetLicensePolicyRequest(serial=app, video_id=video)), as_json=json)


@policy.command(name="set")
def set_(
    name: str,
    value: str = "",
    /,
    *,
    app: str | None = None,
    video: str | None = None,
    json: Json = False,
) -> None:
    """Set one value for an app or a video. Licenses that were issued keep theirs until renewed.

    Example: vodseal policy set max-devices 2 --app 0f1e2d3c4b5a69788796a5b4c3d2e1f0

    Args:
        name: license-seconds, license-not-before, license-renewable, play-window-seconds,
            max-offline-seconds or max-devices.
        value: The value; when it is left out, the wider one holds again.
        app: The serial of the app's security file.
        video: The video.
        json: Print one JSON object.
    """
    _check_one(app, video)
    request = SetLicensePolicyRequest(name=name, value=value or None, serial=app, video_id=video)
    with open_admin() as client:
        _tell(client.send(request), as_json=json)


def _check_one(app: str | None, video: str | None) -> None:
    if (app is None) == (video is None):
        raise MisuseError(
            "a policy is of one app or of one video",
            remedy="Give --app or --video. For the whole service: vodseal settings set",
        )


def _tell(found: GetLicensePolicyAnswer | SetLicensePolicyAnswer, *, as_json: bool) -> None:
    rows = [
        {"name": name, "value": value, "own": name in found.own}
        for name, value in sorted(found.policy.items())
    ]
    Terminal(as_json=as_json).table("policy", _COLUMNS, rows)
