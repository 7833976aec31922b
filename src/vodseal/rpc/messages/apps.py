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
    private string; it is needed unless ``file_alone``.
    """

    kind: str
    identifier: str
    manifest_key: str | None = None
    file_alone: bool = False
    app_decrypt_key: Annotated[str | None, Form()] = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class App(Message):
    """One registered app. ``opening``: file-alone or private-string."""

    serial: str = ""
    kind: str = ""
    identifier: str = ""
    fingerprint: str = ""
    opening: str = ""
    status: str = ""
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
    """No more licenses for this app."""

    serial: str
