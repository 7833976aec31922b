"""Which actions are recorded, and what of them (SPEC keys §2.1).

Questions are not. What issues a credential or a license is recorded with its
answer; whatever else changes something is recorded before, as ``asked``, and
with its outcome. Nothing of a request is taken but what is listed here, so
that no secret gets into the log when an action gets a new parameter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vodseal.errors import RpcError
from vodseal.service.audit.chain import AuditEvent
from vodseal.service.audit.scope import AuditScope, audit_scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from vodseal.service.audit.log import AuditLog
    from vodseal.service.runtime import Call

__all__ = ["audited_call"]

_QUESTIONS: Final = ("Get", "List", "Describe")
_WITH_ANSWER: Final = frozenset(
    {
        "AcquireDownloadLicense",
        "AssumeRole",
        "GetEnrolmentChallenge",
        "CreateHlsUriToken",
        "CreateUploadVideo",
    }
)
"""What they make is of use in the answer alone, which waits for the record."""
_OBJECTS: Final = ("VideoId", "VideoIds", "Serial", "DeviceId", "DownloadId", "Name", "RoleArn")
_CONTEXT: Final = (
    "AppIdentification",
    "AppSerial",
    "DeviceId",
    "DownloadId",
    "FileAlone",
    "Identifier",
    "IdentityLevel",
    "JobId",
    "KeyStoreLevel",
    "Kind",
    "Name",
    "RoleSessionName",
    "Serial",
    "TrackIndex",
    "Value",
    "VideoId",
)


async def audited_call(
    log: AuditLog,
    call: Call,
    request_id: str,
    handle: Callable[[], Awaitable[Mapping[str, object]]],
) -> Mapping[str, object]:
    """Return what ``handle`` answers, when all that has to be recorded of it is durable.

    Raises:
        RpcError: The action's own.
        AuditLogError: A record could not be written: the answer may not go out.
    """
    scope = AuditScope(
        via=call.action, actor=call.caller.label, request_id=request_id, is_grouped=True
    )
    async with audit_scope(log, scope):
        if call.action.startswith(_QUESTIONS):
            return await handle()
        event = _event(call, scope)
        if call.action not in _WITH_ANSWER:
            await log.record(replace(event, result="asked"))
        result = "InternalError"
        try:
            answer = await handle()
            result = "ok"
        except RpcError as error:
            result = error.server_code
            raise
        finally:
            scope.batches.add(log.add(replace(event, result=result)))
    return answer


def _event(call: Call, scope: AuditScope) -> AuditEvent:
    values = call.values
    context = {name: values[name] for name in _CONTEXT if values.get(name)}
    return AuditEvent(
        actor=scope.actor,
        action=call.action,
        object=next((values[name] for name in _OBJECTS if values.get(name)), ""),
        request_id=scope.request_id,
        context=context,
    )
