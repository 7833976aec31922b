"""AssumeRole, and the settings of the service (wire 7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from vodseal.errors import RpcError
from vodseal.rpc.replay import format_time
from vodseal.service.policy import parse_policy
from vodseal.service.service_settings import change_setting, read_settings
from vodseal.service.session_tokens import (
    KEY_ID_PREFIX,
    Session,
    SessionKind,
    new_key_id,
    new_secret,
    seal_token,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.service.context import ServiceContext
    from vodseal.service.runtime import Call, Service

__all__ = ["assume_role", "get_service_settings", "new_session", "set_service_settings"]

_ROLE: Final = re.compile(r"acs:ram::[0-9]{1,32}:role/[A-Za-z0-9.@_-]{1,64}", re.IGNORECASE)
_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
_DEFAULT_SECONDS: Final = 3600
_MAX_SECONDS: Final = 43_200
_KEY_ID_LENGTH: Final = 24


def new_session(
    context: ServiceContext,
    kind: SessionKind,
    expires_at: float,
    *,
    name: str = "",
    policy: str = "",
    resource: str = "",
) -> tuple[Session, str]:
    """Return a fresh temporary credential and its security token."""
    session = Session(
        kind=kind,
        key_id=new_key_id(context.random, KEY_ID_PREFIX, _KEY_ID_LENGTH),
        secret=new_secret(context.random),
        expires_at=expires_at,
        name=name,
        policy=policy,
        resource=resource,
    )
    return session, seal_token(context.keys.tokens, session, context.random)


async def assume_role(service: Service, call: Call) -> Mapping[str, object]:
    """Return a temporary credential for clients.

    Raises:
        RpcError: ``InvalidParameter.*``.
    """
    role = call.parameters.required("RoleArn")
    if _ROLE.fullmatch(role) is None:
        raise RpcError("InvalidParameter.RoleArn")
    name = call.parameters.required("RoleSessionName")
    if _SESSION_NAME.fullmatch(name) is None:
        raise RpcError("InvalidParameter.RoleSessionName")
    least = service.context.settings.sts_min_seconds
    seconds = call.parameters.integer(
        "DurationSeconds", default=max(least, _DEFAULT_SECONDS), least=least, most=_MAX_SECONDS
    )
    policy = call.parameters.text("Policy")
    if policy:
        parse_policy(policy)
    session, token = new_session(
        service.context, SessionKind.ROLE, call.now + seconds, name=name, policy=policy
    )
    return {
        "Credentials": {
            "AccessKeyId": session.key_id,
            "AccessKeySecret": session.secret,
            "SecurityToken": token,
            "Expiration": format_time(session.expires_at),
        },
        "AssumedRoleUser": {
            "Arn": f"{role}/{name}",
            "AssumedRoleId": f"{session.key_id.removeprefix(KEY_ID_PREFIX)}:{name}",
        },
    }


async def get_service_settings(service: Service, _call: Call) -> Mapping[str, object]:
    """Return every setting."""
    return {"Settings": await read_settings(service.context)}


async def set_service_settings(service: Service, call: Call) -> Mapping[str, object]:
    """Change one setting and return them all.

    Raises:
        RpcError: ``InvalidParameter.Name``, ``InvalidParameter.Value``.
    """
    name = call.parameters.required("Name")
    value = call.parameters.required("Value")
    await change_setting(service.context, name, value)
    return {"Settings": await read_settings(service.context)}
