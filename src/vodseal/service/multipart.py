"""Multipart uploads: initiate, put a part, list, complete, abort (wire 6)."""

from __future__ import annotations

import hashlib
import re
import shutil
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from sqlalchemy import select
from starlette.responses import Response

from vodseal.errors import UploadRefusedError
from vodseal.service.database.models import Upload, UploadPart
from vodseal.service.kms import contexts
from vodseal.service.request_body import read_body
from vodseal.service.templates import TEMPLATE_GROUPS
from vodseal.service.threads import run_to_end
from vodseal.service.upload_body import receive
from vodseal.service.upload_complete import complete_upload, new_body
from vodseal.service.upload_files import PartFile, Seal, StoredPart, join_parts
from vodseal.service.upload_request import read_stored_etag
from vodseal.vault.private_files import make_private_folder

if TYPE_CHECKING:
    from starlette.requests import Request

    from vodseal.service.runtime import Service
    from vodseal.service.upload_request import UploadTarget

__all__ = ["abort", "complete", "initiate", "list_parts", "put_part"]

_BUCKET: Final = "upload-bucket"
_MAX_PARTS: Final = 10_000
_MAX_DIGITS: Final = 9
_MAX_LISTED: Final = 1000
_MAX_XML_SIZE: Final = 4 << 20
_NUMBER: Final = re.compile(r"<PartNumber>\s*([0-9]{1,5})\s*</PartNumber>")
_ETAG: Final = re.compile(r"<ETag>\s*(?:&quot;|&#34;|\")?([0-9A-Fa-f]{32})")


async def initiate(service: Service, target: UploadTarget) -> Response:
    """Begin a multipart upload."""
    context = service.context
    upload_id = context.random(16).hex()
    key_blob = None
    if TEMPLATE_GROUPS[target.template_group_id].encrypts:
        key_blob = (await context.kms.generate_data_key(contexts.upload(upload_id), 32)).blob
    row = Upload(
        id=upload_id,
        video_id=target.video_id,
        key_blob=key_blob,
        created_at=context.clock.now(),
    )
    async with context.sessions.begin() as session:
        session.add(row)
    members = {"Bucket": _BUCKET, "Key": target.object_key, "UploadId": upload_id}
    return _xml("InitiateMultipartUploadResult", members)


async def put_part(
    service: Service, request: Request, target: UploadTarget, upload_id: str
) -> Response:
    """Store one part; one that is sent again takes the place of the first.

    Raises:
        UploadRefusedError: ``NoSuchUpload``, ``InvalidArgument``, or as ``receive``.
    """
    number = _part_number(request)
    upload = await _find(service, target, upload_id)
    name = f"{number:05d}.{service.context.random(8).hex()}"
    seal = await _seal(service, target, upload)
    path = service.uploads / upload_id / name
    await run_to_end(make_private_folder, path.parent)
    file = await run_to_end(PartFile, path, seal, number)
    try:
        await receive(request, file)
        await run_to_end(file.finish)
    except BaseException:
        await run_to_end(file.discard)
        raise
    etag = file.md5.hex().upper()
    row = UploadPart(upload_id=upload_id, number=number, file_name=name, size=file.size, etag=etag)
    async with service.context.sessions.begin() as session:
        if await session.get(Upload, upload_id) is None:
            path.unlink(missing_ok=True)
            raise UploadRefusedError("NoSuchUpload")
        former = await session.get(UploadPart, (upload_id, number))
        former_name = former.file_name if former is not None else ""
        await session.merge(row)
    if former_name:
        (service.uploads / upload_id / former_name).unlink(missing_ok=True)
    return Response(headers={"etag": f'"{etag}"'})


async def list_parts(
    service: Service, request: Request, target: UploadTarget, upload_id: str
) -> Response:
    """Return which parts are there, so that a client goes on where it was.

    Raises:
        UploadRefusedError: ``NoSuchUpload``, ``InvalidArgument``.
    """
    await _find(service, target, upload_id)
    marker = _number(request.query_params.get("part-number-marker", ""), 0, _MAX_PARTS)
    limit = _number(request.query_params.get("max-parts", ""), _MAX_LISTED, _MAX_LISTED)
    parts = [part for part in await _parts(service, upload_id) if part.number > marker]
    shown = parts[:limit]
    listed = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber>"
        f"<LastModified>1970-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{part.etag}&quot;</ETag><Size>{part.size}</Size></Part>"
        for part in shown
    )
    members = {
        "Bucket": _BUCKET,
        "Key": target.object_key,
        "UploadId": upload_id,
        "PartNumberMarker": str(marker),
        "NextPartNumberMarker": str(shown[-1].number if shown else marker),
        "MaxParts": str(limit),
        "IsTruncated": "true" if len(parts) > limit else "false",
    }
    return _xml("ListPartsResult", members, listed)


async def complete(
    service: Service, request: Request, target: UploadTarget, upload_id: str
) -> Response:
    """Put the parts together; the upload is over.

    To join a large film takes longer than many a client waits. When it asks again,
    it waits for what is under way, and is told the same.

    Raises:
        UploadRefusedError: ``NoSuchUpload``, ``MalformedXML``, ``InvalidPart``,
            ``InvalidPartOrder``, ``FileAlreadyExists``; the upload is as it was.
    """
    body = await read_body(request, _MAX_XML_SIZE)
    wanted = read_part_list((body or b"").decode("utf-8", "replace"))
    digests = b"".join(bytes.fromhex(etag) for _, etag in wanted)
    whole = hashlib.md5(digests, usedforsecurity=False).hexdigest().upper()
    etag = f"{whole}-{len(wanted)}"
    async with service.joins.of(upload_id):
        stored = await read_stored_etag(service.context, target.video_id)
        if stored not in {"", etag}:
            raise UploadRefusedError("FileAlreadyExists")
        if not stored:
            await _join(service, target, upload_id, wanted, etag)
    members = {
        "Location": f"/{_BUCKET}/{target.object_key}",
        "Bucket": _BUCKET,
        "Key": target.object_key,
        "ETag": f'"{etag}"',
    }
    return _xml("CompleteMultipartUploadResult", members)


async def _join(
    service: Service,
    target: UploadTarget,
    upload_id: str,
    wanted: list[tuple[int, str]],
    etag: str,
) -> None:
    upload = await _find(service, target, upload_id)
    chosen = await _chosen(service, wanted, upload_id)
    folder = service.uploads / upload_id
    stored = [
        StoredPart(number=part.number, path=folder / part.file_name, size=part.size)
        for part in chosen
    ]
    seal = await _seal(service, target, upload)
    body = await new_body(service, target)
    try:
        await run_to_end(join_parts, stored, seal, body.file)
        await complete_upload(
            service,
            target,
            body,
            etag=etag,
            content_type="application/octet-stream",
            upload_id=upload_id,
        )
    finally:
        await run_to_end(body.file.discard)
    await run_to_end(shutil.rmtree, folder, ignore_errors=True)


async def abort(service: Service, target: UploadTarget, upload_id: str) -> Response:
    """Give an upload up, with all its parts.

    Raises:
        UploadRefusedError: ``NoSuchUpload``.
    """
    upload = await _find(service, target, upload_id)
    async with service.context.sessions.begin() as session:
        await session.delete(upload)
    await run_to_end(shutil.rmtree, service.uploads / upload_id, ignore_errors=True)
    return Response(status_code=204)


async def _find(service: Service, target: UploadTarget, upload_id: str) -> Upload:
    async with service.context.reads.begin() as session:
        upload = await session.get(Upload, upload_id)
    if upload is None or upload.video_id != target.video_id:
        raise UploadRefusedError("NoSuchUpload")
    return upload


async def _seal(service: Service, target: UploadTarget, upload: Upload) -> Seal | None:
    if upload.key_blob is None:
        return None
    return Seal(
        content_key=await service.context.kms.decrypt(upload.key_blob, contexts.upload(upload.id)),
        identity=bytes.fromhex(upload.id),
        object_key=target.object_key,
    )


async def _parts(service: Service, upload_id: str) -> list[UploadPart]:
    query = select(UploadPart).where(UploadPart.upload_id == upload_id)
    async with service.context.reads.begin() as session:
        return list(await session.scalars(query.order_by(UploadPart.number)))


async def _chosen(
    service: Service, wanted: list[tuple[int, str]], upload_id: str
) -> list[UploadPart]:
    """Return the parts that the client's list names, each checked."""
    known = {(part.number, part.etag): part for part in await _parts(service, upload_id)}
    if not known.keys() >= set(wanted):
        raise UploadRefusedError("InvalidPart")
    return [known[item] for item in wanted]


def read_part_list(text: str) -> list[tuple[int, str]]:
    """Return number and ETag of each part in the body that completes an upload.

    Raises:
        UploadRefusedError: ``MalformedXML``, ``InvalidPartOrder``.
    """
    wanted: list[tuple[int, str]] = []
    for before_end in text.split("</Part>")[:-1]:
        _, found, part = before_end.rpartition("<Part>")
        number, etag = _NUMBER.search(part), _ETAG.search(part)
        if not found or number is None or etag is None:
            raise UploadRefusedError("MalformedXML")
        wanted.append((int(number[1]), etag[1].upper()))
    if not wanted:
        raise UploadRefusedError("MalformedXML")
    numbers = [number for number, _ in wanted]
    if numbers != sorted(set(numbers)):
        raise UploadRefusedError("InvalidPartOrder")
    return wanted


def _part_number(request: Request) -> int:
    number = _number(request.query_params.get("partNumber", ""), 0, _MAX_PARTS)
    if number < 1:
        raise UploadRefusedError("InvalidArgument")
    return number


def _number(text: str, default: int, most: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) <= most):
        raise UploadRefusedError("InvalidArgument")
    return int(text)


def _xml(root: str, members: dict[str, str], inner: str = "") -> Response:
    fields = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in members.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?><{root}>{fields}{inner}</{root}>'
    return Response(body, headers={"content-type": "application/xml"})
