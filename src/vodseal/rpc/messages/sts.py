"""Temporary credentials: AssumeRole (wire 7)."""

from dataclasses import dataclass, field
from typing import ClassVar

from vodseal.rpc.messages.fields import Message
from vodseal.rpc.messages.requests import STS_VERSION, Request

__all__ = ["AssumeRoleAnswer", "AssumeRoleRequest", "AssumedRoleUser", "Credentials"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials(Message):
    """A temporary key. Its id begins with ``STS.``."""

    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    expiration: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedRoleUser(Message):
    """Who the key speaks for."""

    arn: str = ""
    assumed_role_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRoleAnswer(Message):
    """A temporary key and its holder."""

    request_id: str = ""
    credentials: Credentials = Credentials()
    assumed_role_user: AssumedRoleUser = AssumedRoleUser()
    source_identity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRoleRequest(Request[AssumeRoleAnswer]):
    """``policy`` narrows what the role may do; ``duration_seconds`` is 3600 when absent."""

    version: ClassVar[str] = STS_VERSION

    role_arn: str
    role_session_name: str
    duration_seconds: int | None = None
    policy: str | None = None
    external_id: str | None = None
    source_identity: str | None = None
