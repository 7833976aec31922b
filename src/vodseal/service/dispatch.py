"""From an HTTP request to an action and back: the one RPC route (wire 1 to 4).

GET and POST to ``/``; parameters from the query and a form body alike. Every
answer, a refusal included, is JSON (or XML when asked for) with a RequestId.
What goes wrong inside is logged with that id, and told as InternalError.
"""

from __future__ import annotations

import functools
import logging
import re
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from vodseal.errors import AuditLogError, KeyServiceError, RpcError, ThrottledError
from vodseal.rpc.canonical import parse_parameters
from vodseal.rpc.codec import Encoded, encode_answer, encode_error
from vodseal.rpc.codes import server_error
from vodseal.service.actions.table import ACTIONS, VERSIONS
from vodseal.service.audit.calls import audited_call
from vodseal.service.authn import authorize
from vodseal.service.limits import Scope
from vodseal.service.parameters import Parameters
from vodseal.service.request_body import read_body
from vodseal.service.runtime import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from vodseal.service.runtime import Service

__all__ = ["base_url", "handle_rpc"]

_log = logging.getLogger(__name__)
_MAX_BODY_SIZE: Final = 256 * 1024
_MAX_QUERY_LENGTH: Final = 64 * 1024
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_HOST: Final = re.compile(r"[A-Za-z0-9.\-\[\]:_]{1,255}")


async def handle_rpc(service: Service, request: Request) -> Response:
    """Return the answer to one RPC request. Never raises on what a client sent."""
    request_id = str(uuid.UUID(bytes=service.context.random(16), version=4)).upper()
    values: Mapping[str, str] = {}
    more_headers: dict[str, str] = {}
    try:
        values = await _parameters(request)
        answer = await _answer(service, request, values, request_id)
        encoded = encode_answer(
            values["Action"], answer, request_id=request_id, format_name=_format(values)
        )
        status = 200
    except RpcError as error:
        status = server_error(error.server_code).status
        more_headers = _headers(error)
        encoded = _refusal(request, error, request_id, _format(values))
    except (AuditLogError, KeyServiceError) as error:
        _log.error("An action needs what does not work", extra={"reason": error.message})
        status = 503
        refusal = RpcError("ServiceUnavailable")
        encoded = _refusal(request, refusal, request_id, _format(values))
    except Exception:  # noqa: BLE001 - the last place: it is logged, and the client is told
        _log.exception("An action failed", extra={"request_id": request_id})
        status = 500
        encoded = _refusal(request, RpcError("InternalError"), request_id, _format(values))
    code = "" if status < 400 else "refused"  # noqa: PLR2004 - HTTP
    _log.info(
        "A request was answered",
        extra={
            "request_id": request_id,
            "action": values.get("Action", "")[:64],
            "key_id": values.get("AccessKeyId", "")[:64],
            "video_id": values.get("VideoId", "")[:64],
            "status": status,
            "outcome": code or "ok",
        },
    )
    return Response(
        encoded.body,
        status_code=status,
        headers={
            "content-type": encoded.content_type,
            "cache-control": "no-store",
            "date": formatdate(service.context.clock.now(), usegmt=True),
            **more_headers,
        },
    )


async def _answer(
    service: Service, request: Request, values: Mapping[str, str], request_id: str
) -> Mapping[str, object]:
    now = service.context.clock.now()
    name = values.get("Action", "")
    if not name:
        raise RpcError("MissingAction")
    if request.client is not None:
        service.limits.count(Scope.ADDRESS, request.client.host, name)
    caller = await service.authenticator.caller(request.method, values, now)
    action = ACTIONS.get(name)
    if action is None:
        raise RpcError("InvalidAction.NotFound")
    if values.get("Version", "") not in VERSIONS[action.product]:
        raise RpcError("InvalidVersion")
    authorize(service.context, caller, name, values, now)
    service.limits.count(Scope.USER, caller.name, name)
    if values.get("AppSerial"):
        service.limits.count(Scope.APP, values["AppSerial"].lower(), name)
    call = Call(
        action=name,
        parameters=Parameters(values),
        values=values,
        caller=caller,
        now=now,
        method=request.method,
        base_url=base_url(service, request),
    )
    return await audited_call(
        service.context.audit, call, request_id, functools.partial(action.handle, service, call)
    )


def _headers(error: RpcError) -> dict[str, str]:
    """Return what a refusal says in its headers: the vendor's SDK reads the second (wire 4)."""
    if not isinstance(error, ThrottledError):
        return {}
    return {"retry-after": str(error.retry_after), "x-acs-retry-after": str(error.retry_after)}


async def _parameters(request: Request) -> dict[str, str]:
    query = request.scope["query_string"].decode("ascii", "replace")
    if len(query) > _MAX_QUERY_LENGTH:
        raise RpcError("InvalidParameter", "The query is too long.")
    form = ""
    body = await read_body(request, _MAX_BODY_SIZE)
    if body is None:
        raise RpcError("InvalidParameter", "The body is too large.")
    if request.headers.get("content-type", "").partition(";")[0].strip() == _FORM_TYPE:
        form = body.decode("utf-8", "replace")
    return parse_parameters(query, form)


def _format(values: Mapping[str, str]) -> str:
    return values.get("Format", "JSON")


def _refusal(request: Request, error: RpcError, request_id: str, format_name: str) -> Encoded:
    host = request.headers.get("host", "")
    return encode_error(
        error.server_code,
        error.message,
        request_id=request_id,
        host_id=host if _HOST.fullmatch(host) else "",
        format_name=format_name,
    )


def base_url(service: Service, request: Request) -> str:
    """Return the URL that clients reach us by: the setting's, else the request's own."""
    settings = service.context.settings
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = f"{settings.host}:{settings.port}"
    return f"{request.scope['scheme']}://{host}"
