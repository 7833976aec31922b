"""PUT, POST, GET and DELETE below /upload-bucket/: uploads, the OSS way (wire 6).

One PUT brings a whole file. A multipart upload brings it in parts that survive
a restart of either side: initiate, put parts in any order and as often as
needed, list what is there, complete. Either way ends in one transaction that
moves the video on and enters its transcode task, so no upload is lost between.
"""

from __future__ import annotations

import errno
import logging
import uuid
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from vodseal.errors import AuditLogError, KeyServiceError, UploadRefusedError
from vodseal.service import multipart
from vodseal.service.audit.scope import AuditScope, audit_scope
from vodseal.service.threads import run_to_end
from vodseal.service.upload_body import drain, receive
from vodseal.service.upload_complete import complete_upload, new_body
from vodseal.service.upload_request import authenticate, find_target, refusal

if TYPE_CHECKING:
    from starlette.requests import Request

    from vodseal.service.runtime import Service
    from vodseal.service.upload_request import UploadTarget

__all__ = ["handle_upload"]

_log = logging.getLogger(__name__)
_CLIENT_CLOSED: Final = 499


async def handle_upload(service: Service, request: Request) -> Response:
    """Return the answer to one upload request."""
    request_id = uuid.UUID(bytes=service.context.random(16), version=4).hex.upper()
    try:
        session = authenticate(service.context, request)
        target = await find_target(service.context, session)
        async with audit_scope(
            service.context.audit,
            AuditScope(
                via="upload",
                actor=f"upload:{session.resource}/{session.key_id}",
                request_id=request_id,
                is_grouped=True,  # the keys stay here: they seal what is stored
            ),
        ):
            response = await _route(service, request, target)
    except UploadRefusedError as error:
        await drain(request)
        response = refusal(error, request_id, request.headers.get("host", ""))
    except ClientDisconnect:
        return Response(status_code=_CLIENT_CLOSED)
    except (AuditLogError, KeyServiceError) as error:
        extra = {"request_id": request_id, "reason": error.message}
        _log.error("An upload needs what does not work", extra=extra)
        await drain(request)
        refused = UploadRefusedError("InternalError")
        response = refusal(refused, request_id, request.headers.get("host", ""))
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        _log.exception("An upload could not be stored", extra={"request_id": request_id})
        refused = UploadRefusedError("InsufficientStorage" if full else "InternalError")
        response = refusal(refused, request_id, request.headers.get("host", ""))
    response.headers["x-oss-request-id"] = request_id
    return response


async def _route(service: Service, request: Request, target: UploadTarget) -> Response:
    query = request.query_params
    upload_id = query.get("uploadId", "")
    if request.method == "POST" and upload_id:
        return await multipart.complete(service, request, target, upload_id)
    if target.stored_etag:
        raise UploadRefusedError("FileAlreadyExists")
    match request.method:
        case "PUT" if upload_id:
            return await multipart.put_part(service, request, target, upload_id)
        case "PUT":
            return await _put_object(service, request, target)
        case "POST" if "uploads" in query:
            return await multipart.initiate(service, target)
        case "GET" if upload_id:
            return await multipart.list_parts(service, request, target, upload_id)
        case "DELETE" if upload_id:
            return await multipart.abort(service, target, upload_id)
    raise UploadRefusedError("MethodNotAllowed")


async def _put_object(service: Service, request: Request, target: UploadTarget) -> Response:
    body = await new_body(service, target)
    try:
        await receive(request, body.file)
        etag = body.file.md5.hex().upper()
        content_type = request.headers.get("content-type", "application/octet-stream")
        await complete_upload(service, target, body, etag=etag, content_type=content_type)
    finally:
        await run_to_end(body.file.discard)
    return Response(headers={"etag": f'"{etag}"'})
