"""An upload request, taken apart and authenticated (wire 6).

The signature is OSS's V1, made with the temporary key of an UploadAuth, which
is good for one object key and nothing else. Refusals are XML, with the words
that upload clients act on: ``SecurityTokenExpired`` makes them refresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from sqlalchemy import select
from starlette.responses import Response

from vodseal.errors import RpcError, UploadRefusedError
from vodseal.rpc.oss_v1 import is_signed, string_to_sign
from vodseal.rpc.replay import WINDOW_SECONDS
from vodseal.service.authn import check_session
from vodseal.service.database.models import Video
from vodseal.service.lifecycle import Event, may
from vodseal.service.session_tokens import SessionKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from vodseal.service.context import ServiceContext
    from vodseal.service.session_tokens import Session

__all__ = ["UploadTarget", "authenticate", "find_target", "read_stored_etag", "refusal"]

BUCKET_PATH: Final = "/upload-bucket/"

_REFUSALS: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "AccessDenied": (403, "The UploadAuth is not good for this object."),
        "SignatureDoesNotMatch": (403, "The signature does not match the request."),
        "InvalidAccessKeyId": (403, "The access key is not that of an UploadAuth."),
        "SecurityTokenExpired": (403, "The UploadAuth has expired: call RefreshUploadVideo."),
        "RequestTimeTooSkewed": (403, "The Date of the request is too far from our time."),
        "NoSuchKey": (404, "No video is waiting for this object."),
        "FileAlreadyExists": (409, "The video has its bytes already."),
        "NoSuchUpload": (404, "There is no such multipart upload."),
        "InvalidPart": (400, "A part was not uploaded, or has another ETag."),
        "InvalidPartOrder": (400, "Parts have to be listed in ascending order."),
        "InvalidArgument": (400, "A parameter of the request is not valid."),
        "InvalidDigest": (400, "The Content-MD5 does not match the body."),
        "IncompleteBody": (400, "The body is shorter than its Content-Length."),
        "MalformedXML": (400, "The body is not the XML that is expected."),
        "MethodNotAllowed": (405, "The method is not allowed here."),
        "InsufficientStorage": (507, "The disk of the service is full."),
        "InternalError": (500, "The upload could not be stored."),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTarget:
    """Where an authenticated upload goes."""

    video_id: str
    object_key: str
    template_group_id: str
    stored_etag: str = ""
    """ETag of the original, once the video has its bytes."""


def refusal(error: UploadRefusedError, request_id: str, host: str) -> Response:
    """Return the XML answer of a refusal."""
    status, message = _REFUSALS[error.server_code]
    members = {
        "Code": error.server_code,
        "Message": message,
        "RequestId": request_id,
        "HostId": host,
    }
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in members.items())
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}</Error>',
        status_code=status,
        headers={"content-type": "application/xml", "x-oss-request-id": request_id},
    )


def authenticate(context: ServiceContext, request: Request) -> Session:
    """Return the session that signed ``request``, when it is for this very object.

    Raises:
        UploadRefusedError: It is not.
    """
    now = context.clock.now()
    headers = {name.lower(): value for name, value in request.headers.items()}
    given = headers.get("authorization", "")
    scheme, _, rest = given.partition(" ")
    key_id = rest.partition(":")[0]
    if scheme != "OSS" or not key_id:
        raise UploadRefusedError("AccessDenied")
    try:
        session = check_session(
            context.keys.tokens, key_id, headers.get("x-oss-security-token", ""), now
        )
    except RpcError as error:
        expired = error.server_code == "InvalidSecurityToken.Expired"
        raise UploadRefusedError(
            "SecurityTokenExpired" if expired else "InvalidAccessKeyId"
        ) from None
    query = dict(request.query_params.items())
    text = string_to_sign(request.method, request.scope["path"], headers, query)
    if not is_signed(given, key_id, session.secret, text):
        raise UploadRefusedError("SignatureDoesNotMatch")
    _check_date(headers.get("x-oss-date") or headers.get("date", ""), now)
    object_key = request.scope["path"].removeprefix(BUCKET_PATH)
    if session.kind is not SessionKind.UPLOAD or session.resource != object_key:
        raise UploadRefusedError("AccessDenied")
    return session


async def find_target(context: ServiceContext, session: Session) -> UploadTarget:
    """Return the video that waits for the bytes of ``session``, or has them already.

    Raises:
        UploadRefusedError: ``NoSuchKey``.
    """
    async with context.reads.begin() as transaction:
        query = select(Video).where(Video.object_key == session.resource)
        video = await transaction.scalar(query)
    if video is None:
        raise UploadRefusedError("NoSuchKey")
    return UploadTarget(
        video_id=video.id,
        object_key=video.object_key,
        template_group_id=video.template_group_id,
        stored_etag=_stored_etag(video),
    )


async def read_stored_etag(context: ServiceContext, video_id: str) -> str:
    """Return the ETag of a video's original; empty while it waits for one, or is gone."""
    async with context.reads.begin() as transaction:
        video = await transaction.get(Video, video_id)
    return _stored_etag(video) if video is not None else ""


def _stored_etag(video: Video) -> str:
    return "" if may(video.status, Event.UPLOAD) else video.source_etag


def _check_date(text: str, now: float) -> None:
    try:
        sent_at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        raise UploadRefusedError("AccessDenied") from None
    if abs(sent_at - now) > WINDOW_SECONDS:
        raise UploadRefusedError("RequestTimeTooSkewed")
