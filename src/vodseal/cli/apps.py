"""``vodseal apps``: register apps with the service, and issue their security files."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, TypeAlias

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
from vodseal.credential.device import KeyStoreLevel
from vodseal.credential.requirements import IdentityLevel
from vodseal.errors import MisuseError
from vodseal.rpc.messages.apps import (
    DescribeAppRequest,
    ListAppsRequest,
    RegisterAppRequest,
    ReissueAppRequest,
    RevokeAppRequest,
)
from vodseal.rpc.messages.devices import ListDevicesRequest

if TYPE_CHECKING:
    from vodseal.rpc.messages.apps import App as RegisteredApp
    from vodseal.rpc.messages.apps import RegisterAppAnswer, ReissueAppAnswer

__all__ = ["apps"]

apps: Final = App(
    name="apps",
    help=group_help(
        "apps", "apps register --bundle-id org.example.cinema --manifest-key cinema.pem"
    ),
)

_COLUMNS: Final = ("serial", "kind", "identifier", "opening", "status", "created")
_PUBLIC: Final = 0o644
_DAY_SECONDS: Final = 86_400

Level: TypeAlias = Literal["file", "manifest", "platform", "hardware"]


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
    least_level: Level = "file",
    refuse_file_key_store: Flag = False,
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
        least_level: What has to stand behind the app's name: file, manifest, platform
            or hardware.
        refuse_file_key_store: Let no device keep its seed in a file.
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
    files = _Files.choose(out, app_key_file, file_alone=file_alone)
    request = RegisterAppRequest(
        kind=kind,
        identifier=identifier,
        manifest_key=None if public is None else base64.b64encode(public).decode("ascii"),
        file_alone=file_alone,
        app_decrypt_key=files.app_key,
        least_identity_level=_level(least_level),
        file_key_store=not refuse_file_key_store,
    )
    with open_admin() as client:
        answer = client.send(request)
    files.write(answer, Terminal(as_json=json))


@apps.command
def reissue(
    serial: str,
    /,
    *,
    file_alone: Flag = False,
    app_key_file: Path | None = None,
    grace_days: int = 30,
    least_level: Level | None = None,
    out: Path = Path("encryptedApp.dat"),
    json: Json = False,
) -> None:
    """Issue another security file for a registered app; the one before gets a time of grace.

    An update of the app ships the new file, and moves what was downloaded with the
    old one: see rekey. When the grace is over, the old file is revoked.

    Example: vodseal apps reissue 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --out new.dat

    Args:
        serial: The serial of the security file whose place it takes.
        file_alone: Issue a file that opens without a private string; weaker.
        app_key_file: A file with the private string.
        grace_days: How long the former file is good for; 0 revokes it now.
        least_level: file, manifest, platform or hardware; as before when left out.
        out: Where to write the security file.
        json: Print one JSON object.
    """
    files = _Files.choose(out, app_key_file, file_alone=file_alone)
    request = ReissueAppRequest(
        serial=serial,
        file_alone=file_alone,
        app_decrypt_key=files.app_key,
        grace_seconds=grace_days * _DAY_SECONDS,
        least_identity_level=None if least_level is None else _level(least_level),
    )
    with open_admin() as client:
        answer = client.send(request)
    files.write(answer, Terminal(as_json=json))


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
    """Show one app, and how its devices keep their keys: in the system's store, or in a file.

    Example: vodseal apps show 0f1e2d3c4b5a69788796a5b4c3d2e1f0

    Args:
        serial: The serial of its security file.
        json: Print one JSON object.
    """
    with open_admin() as client:
        app = client.send(DescribeAppRequest(serial=serial)).app
        devices = client.send(ListDevicesRequest(app_serial=serial)).device_list
    levels = Counter(KeyStoreLevel(device.key_store_level).label for device in devices)
    counts = {f"devices_{level.label}": levels[level.label] for level in KeyStoreLevel}
    Terminal(as_json=json).answer(_row(app) | counts)


@apps.command
def revoke(serial: str, /, *, json: Json = False) -> None:
    """Issue no more licenses to an app. What it downloaded ends at the next contact.

    Example: vodseal apps revoke 0f1e2d3c4b5a69788796a5b4c3d2e1f0

    Args:
        serial: The serial of its security file.
        json: Print one JSON object.
    """
    with open_admin() as client:
        client.send(RevokeAppRequest(serial=serial))
    Terminal(as_json=json).answer({"serial": serial, "revoked": True}, f"revoked {serial}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """Where a security file is written to, and its private string, when that was drawn here."""

    out: Path
    app_key: str | None = field(repr=False)
    key_file: Path | None

    @classmethod
    def choose(cls, out: Path, app_key_file: Path | None, *, file_alone: bool) -> Self:
        """Return files that can be made.

        Raises:
            OperatorError: One exists, or the file with the string cannot be read.
            CredentialError: The string breaks the rule for private strings.
        """
        app_key = None if file_alone else read_app_key(app_key_file)
        check_new(out)
        if app_key is not None or file_alone:
            return cls(out=out, app_key=app_key, key_file=None)
        key_file = out.with_suffix(".key")
        check_new(key_file)
        return cls(out=out, app_key=draw_app_key(), key_file=key_file)

    def write(self, answer: RegisterAppAnswer | ReissueAppAnswer, terminal: Terminal) -> None:
        """Write both, and tell what was issued. Raises ``OperatorError``."""
        told = {
            "serial": answer.serial,
            "fingerprint": answer.fingerprint,
            "security_file": str(self.out),
        }
        if self.key_file is not None:
            write_new_file(self.key_file, f"{self.app_key}\n".encode())
            told["app_key_file"] = str(self.key_file)
            terminal.say(f"The app's private string was drawn and is in {self.key_file}.")
        write_new_file(self.out, base64.b64decode(answer.security_file), mode=_PUBLIC)
        terminal.answer(told)


def _level(name: Level) -> int:
    return int(IdentityLevel[name.upper()])


def _row(app: RegisteredApp) -> dict[str, object]:
    return {
        "serial": app.serial,
        "kind": app.kind,
        "identifier": app.identifier,
        "opening": app.opening,
        "status": app.status,
        "ends": app.end_time,
        "replaces": app.replaces,
        "least_level": IdentityLevel(app.least_identity_level).name.lower(),
        "file_key_store": app.file_key_store,
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
