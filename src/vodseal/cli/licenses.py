"""``vodseal licenses``: which devices hold what, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.profile import open_admin
from vodseal.cli.terminal import Json, Terminal
from vodseal.errors import MisuseError
from vodseal.rpc.messages.licenses import ListLicensesRequest, RevokeLicensesRequest

if TYPE_CHECKING:
    from vodseal.rpc.messages.licenses import LicenseInfo

__all__ = ["licenses"]

licenses: Final = App(
    name="licenses",
    help=group_help("licenses", "licenses list --video 0123456789abcdef0123456789abcdef"),
)

_COLUMNS: Final = ("license", "device", "video", "user", "status", "expires")


@licenses.command(name="list")
def list_(
    *,
    video: str | None = None,
    user: str | None = None,
    device: str | None = None,
    json: Json = False,
) -> None:
    """List licenses, the newest first, at most 1,000.

    Example: vodseal licenses list --video 0123456789abcdef0123456789abcdef

    Args:
        video: Only those for this video.
        user: Only those of this user.
        device: Only those on this device.
        json: Print one JSON object.
    """
    request = ListLicensesRequest(video_id=video, user_name=user, device_id=device)
    with open_admin() as client:
        found = client.send(request).license_list
    Terminal(as_json=json).table("licenses", _COLUMNS, [_row(one) for one in found])


@licenses.command
def revoke(
    *,
    license: str | None = None,  # noqa: A002 - the name of the option
    video: str | None = None,
    user: str | None = None,
    device: str | None = None,
    json: Json = False,
) -> None:
    """Revoke licenses for good. A device deletes its own at its next contact.

    What is named narrows the choice: a user and a video is that user's for that video.

    Example: vodseal licenses revoke --license 0f1e2d3c4b5a69788796a5b4c3d2e1f0

    Args:
        license: The license, as the list shows it.
        video: Those for this video.
        user: Those of this user.
        device: Those on this device.
        json: Print one JSON object.
    """
    if not any((license, video, user, device)):
        raise MisuseError(
            "nothing says which licenses to revoke",
            remedy="Give --license, --video, --user or --device; see: vodseal licenses list",
        )
    request = RevokeLicensesRequest(
        download_id=license, video_id=video, user_name=user, device_id=device
    )
    with open_admin() as client:
        count = client.send(request).count
    Terminal(as_json=json).answer({"revoked": count}, f"revoked {count}")


def _row(one: LicenseInfo) -> dict[str, object]:
    return {
        "license": one.download_id,
        "device": one.device_id,
        "video": one.video_id,
        "user": one.user_name,
        "app": one.app_serial,
        "status": one.status,
        "sequence": one.sequence,
        "issued": one.issue_time,
        "expires": one.expire_time,
    }
