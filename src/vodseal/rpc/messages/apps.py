"""Apps and their security files (wire 5.4, and our own actions)."""

from dataclasses import dataclass, field
from typing import Annotated

from vodseal.rpc.messages.fields import Form, Message
from vodseal.rpc.messages.requests import Request

__all__ = [
    "App",
    "DescribeAppAnswer",
    "DescribeAppRequest",
    "GenerateDownloadSecretKeyAnswer",
    "GenerateDownloadSecretKeyRequest",
    "ListAppsAnswer",
    "ListAppsRequest",
    "RegisterAppAnswer",
    "RegisterAppRequest",
    "ReissueAppAnswer",
    "ReissueAppRequest",
    "RevokeAppAnswer",
    "RevokeAppRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateDownloadSecretKeyAnswer(Message):
    """``app_encrypt_key``: the content of the key file, as text."""

    request_id: str = ""
    app_encrypt_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateDownloadSecretKeyRequest(Request[GenerateDownloadSecretKeyAnswer]):
    """The vendor's way to a key file. Its clients send both parameters in the query."""

    app_identification: str
    app_decrypt_key: Annotated[str, Form()] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAppAnswer(Message):
    """A registered app and its security file, base64."""

    request_id: str = ""
    serial: str = ""
    fingerprint: str = ""
    security_file: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAppRequest(Request[RegisterAppAnswer]):
    """``kind``: python, android-sha1, ios-bundle or windows-serial.

    ``manifest_key`` (base64) belongs to kind python. ``app_decrypt_key`` is the
    private string; it is needed unless ``file_alone``. The app has to show
    ``least_identity_level``; without ``file_key_store``, a device may not keep its
    seed in a file; unless ``needs_certificate`` is false, only devices that have
    enrolled get licenses.
    """

    kind: str
    identifier: str
    manifest_key: str | None = None
    file_alone: bool = False
    app_decrypt_key: Annotated[str | None, Form()] = field(default=None, repr=False)
    least_identity_level: int | None = None
    file_key_store: bool | None = None
    needs_certificate: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissueAppAnswer(Message):
    """The same app's other security file, base64."""

    request_id: str = ""
    serial: str = ""
    fingerprint: str = ""
    security_file: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissueAppRequest(Request[ReissueAppAnswer]):
    """A security file in the place of the one with ``serial``.

    That one ends after ``grace_seconds``, at once when they are 0, after 30 days
    when they are left out. What is left out of the last three stays as it was.
    """

    serial: str
    file_alone: bool = False
    app_decrypt_key: Annotated[str | None, Form()] = field(default=None, repr=False)
    grace_seconds: int | None = None
    least_identity_level: int | None = None
    file_key_store: bool | None = None
    needs_certificate: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class App(Message):
    """One registered app. ``opening``: file-alone or private-string.

    ``end_time``: when its security file ends or ended; empty when it does not.
    """

    serial: str = ""
    kind: str = ""
    identifier: str = ""
    fingerprint: str = ""
    opening: str = ""
    status: str = ""
    end_time: str = ""
    replaces: str = ""
    least_identity_level: int = 0
    file_key_store: bool = True
    needs_certificate: bool = False
    creation_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAppsAnswer(Message):
    """All apps, in the order they were registered."""

    request_id: str = ""
    app_list: tuple[App, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAppsRequest(Request[ListAppsAnswer]):
    """Asks for all apps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAppAnswer(Message):
    """One app."""

    request_id: str = ""
    app: App = App()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeAppRequest(Request[DescribeAppAnswer]):
    """Asks for one app."""

    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAppAnswer(Message):
    """Done."""

    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAppRequest(Request[RevokeAppAnswer]):
    """No more licenses for this app; those that devices hold end at the next contact."""

    serial: str
