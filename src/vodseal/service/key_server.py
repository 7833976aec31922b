"""GET /key: the transport key of a standard HLS stream, for a valid token (wire 10.5).

The key of a privately encrypted stream is refused as one that is not known (SPEC rpc §10).

Every refusal is the same: 403, without a reason, after the same work: the row
is looked up and the token is checked, whatever is wrong, and nothing is opened.
A client that has the token has no use for the reason, and nobody else may learn
whether it was the token, the video or the key that was wrong.

A key goes out when it is in the audit log that it does (SPEC keys §2.5).
Refusals are not: whoever has no token could fill the disk with them.
"""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from starlette.responses import Response

from vodseal.errors import AuditLogError, KeyServiceError, RpcError, TamperedError
from vodseal.media.encryption import EncryptType
from vodseal.rpc.hls_token import check_token
from vodseal.service.actions.play import hls_token_key
from vodseal.service.audit.scope import AuditScope, audit_scope
from vodseal.service.database.models import Stream
from vodseal.service.kms import contexts
from vodseal.service.kms.blob import key_handle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from vodseal.service.runtime import Service

__all__ = ["handle_key"]

_log = logging.getLogger(__name__)
_KEY_SIZE: Final = 16
_MAX_LENGTH: Final = 4096


async def handle_key(service: Service, request: Request) -> Response:
    """Return 16 bytes, or the one refusal."""
    headers = {"cache-control": "no-store", "content-type": "application/octet-stream"}
    try:
        key = await _find_key(service, request.query_params)
    except (AuditLogError, KeyServiceError) as error:
        _log.error("A key could not be given out", extra={"reason": error.message})
        return Response(status_code=503, headers=headers)
    if key is None or len(key) != _KEY_SIZE:
        return Response(status_code=403, headers=headers)
    return Response(key, headers=headers)


async def _find_key(service: Service, query: Mapping[str, str]) -> bytes | None:
    context = service.context
    blob = _decode(query.get("Ciphertext") or query.get("CipherText") or "")
    async with context.reads.begin() as session:
        stream = await session.scalar(
            select(Stream).where(Stream.key_handle == key_handle(blob)).limit(1)
        )
    video_id = stream.video_id if stream is not None else ""
    stream_id = stream.id if stream is not None else ""
    is_allowed = (
        stream is not None
        and stream.encrypt_type == EncryptType.HLS
        and query.get("MediaId", video_id) == video_id
    )
    try:
        token = check_token(
            hls_token_key(context),
            query.get("MtsHlsUriToken", ""),
            video_id=video_id,
            now=context.clock.now(),
        )
    except RpcError:
        return None
    if stream is None or not is_allowed:
        return None
    scope = AuditScope(via="key-server", actor=f"hls-token:{token.nonce.hex()}", is_grouped=True)
    try:
        async with audit_scope(context.audit, scope):
            key_context = contexts.stream(video_id, stream_id, EncryptType.HLS)
            return await context.kms.decrypt(stream.key_blob or b"", key_context)
    except TamperedError:
        return None


def _decode(text: str) -> bytes:
    """Return what base64 of any spelling holds; a ``+`` may have become a blank on the way."""
    plain = text[:_MAX_LENGTH].strip().replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain.rstrip("=") + "=" * (-len(plain.rstrip("=")) % 4))
    except (ValueError, binascii.Error):
        return b""
