"""``vodseal apps``: register apps with the service, and issue their security files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from vodseal.cli.commands import group_help
from vodseal.cli.key_files import (
    check_new,
    draw_app_key,
    read_app_key,
    read_manifest_key,
    write_new_file,
)
from vodseal.cli.profile import open_admin
from vodseal.cli.terminal import Flag, Json, Terminal
from vodseal.errors import MisuseError
from vodseal.rpc.messages.apps import (
    DescribeAppRequest,
    ListAppsRequest,
    RegisterAppRequest,
    RevokeAppRequest,
)

if TYPE_CHECKING:
    from vodseal.rpc.messages.apps import App as RegisteredApp

__all__ = ["apps"]

apps: Final = App(
    name="apps",
    help=group_help(
        "apps", "apps register --bundle-id org.example.cinema --manifest-key cinema.pem"
    ),
)

_COLUMNS: Final = ("serial", "kind", "identifier", "opening", "status", "created")
_PUBLIC: Final = 0o644


@apps.command
def register(
    *,
    bundle_id: str | None = None,
    manifest_key: Path | None = None,
    android_sha1: Annotated[str | None, Parameter(name="--android-sha1")] = None,
    ios_bundle: str | None = None,
    windows_serial: str | None = None,
    file_alone: Flag = False,
    app_key_file: Path | None = None,
    out: Path = Path("encryptedApp.dat"),
    json: Json = False,
) -> None:
    """Register an app and write its security file, which it ships with.

    The file opens with a private string: the one in --app-key-file, or in
    VODSEAL_APP_KEY, else a fresh one that is written beside the security file.

    Example: vodseal apps register --bundle-id org.example.cinema
    --manifest-key cinema.pem

    Args:
        bundle_id: The bundle id of a Python app.
        manifest_key: The key of its manifest, or the public half of it.
        android_sha1: The SHA-1 of an Android app's certificate, with colons.
        ios_bundle: The bundle id of an iOS app.
        windows_serial: The serial of a Windows app's certificate.
        file_alone: Issue a file that opens without a private string; weaker.
        app_key_file: A file with the private string.
        out: Where to write the security file.
        json: Print one JSON object.
    """
    kind, identifier = _identity(
        {
            "python": bundle_id,
            "android-sha1": android_sha1,
            "ios-bundle": ios_bundle,
            "windows-serial": windows_serial,
        }
    )
    if (kind == "python") != (manifest_key is not None):
        raise MisuseError("--bundle-id and --manifest-key belong together")
    public = read_manifest_key(manifest_key) if manifest_key else None
    app_key = None if file_alone else read_app_key(app_key_file)
    check_new(out)
    key_file = None
    if app_key is None and not file_alone:
        app_key, key_file = draw_app_key(), out.with_suffix(".key")
        check_new(key_file)
    request = RegisterAppRequest(
        kind=kind,
        identifier=identifier,
        manifest_key=None if public is None else base64.b64encode(public).decode("ascii"),
        file_alone=file_alone,
        app_decrypt_key=app_key,
    )
    with open_admin() as client:
        answer = client.send(request)
    told = {"serial": answer.serial, "fingerprint": answer.fingerprint, "security_file": str(out)}
    terminal = Terminal(as_json=json)
    if key_file is not None:
        write_new_file(key_file, f"{app_key}\n".encode())
        told["app_key_file"] = str(key_file)
        terminal.say(f"The app's private string was drawn and is in {key_file}.")
    write_new_file(out, base64.b64decode(answer.security_file), mode=_PUBLIC)
    terminal.answer(told)


@apps.command(name="list")
def list_(*, json: Json = False) -> None:
    """List the registered apps.

    Example: vodseal apps list

    Args:
        json: Print one JSON object.
    """
    with open_admin() as client:
        found = client.send(ListAppsRequest()).app_list
    Terminal(as_json=json).table("apps", _COLUMNS, [_row(app) for app in found])


@apps.command
def show(serial: str, /, *, json: Json = False) -> None:
    """Show one app.

    Example: vodseal apps show 0f1e2d3c4b5a69788796a5b4c3d2e1f0

    Args:
        serial: The serial of its security file.
        json: Print one JSON object.
    """
    with open_admin() as client:
        app = client.send(DescribeAppRequest(serial=serial)).app
    Terminal(as_json=json).answer(_row(app))


@apps.command
def revoke(serial: str, /, *, json: Json = False) -> None:
    """Issue no more licenses to an app. What it downloaded goes on playing.

    Example: vodseal apps revoke 0f1e2d3c4b5a69788796a5b4c3d2e1f0

    Args:
        serial: The serial of its security file.
        json: Print one JSON object.
    """
    with open_admin() as client:
        client.send(RevokeAppRequest(serial=serial))
    Terminal(as_json=json).answer({"serial": serial, "revoked": True}, f"revoked {serial}")


def _row(app: RegisteredApp) -> dict[str, object]:
    return {
        "serial": app.serial,
        "kind": app.kind,
        "identifier": app.identifier,
        "opening": app.opening,
        "status": app.status,
        "created": app.creation_time,
        "fingerprint": app.fingerprint,
    }


def _identity(given: dict[str, str | None]) -> tuple[str, str]:
    named = [(kind, text) for kind, text in given.items() if text is not None]
    if len(named) != 1:
        raise MisuseError(
            "an app has exactly one identity",
            remedy="Give --bundle-id, --android-sha1, --ios-bundle or --windows-serial.",
        )
    return named[0]
