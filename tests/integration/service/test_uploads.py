"""Uploads: sealed as they arrive, resumable, in one transaction with their task."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.service.database.models import TranscodeTask, Video
from vodseal.service.kms import contexts

from .conftest import RunningService

MARKER = b"clear-bytes-of-the-original-0123"
MEBIBYTE = 1 << 20


def film(size: int) -> bytes:
    """Bytes that a scan of the disk would find if they lay there clear."""
    return (MARKER * (size // len(MARKER) + 1))[:size]


def files_of(service: RunningService) -> dict[str, bytes]:
    data = service.settings.data
    return {str(p.relative_to(data)): p.read_bytes() for p in data.rglob("*") if p.is_file()}


def assert_no_clear_byte(service: RunningService) -> None:
    for name, content in files_of(service).items():
        assert MARKER not in content, name


async def _original(context, video_id: str) -> bytes:
    async with context.reads.begin() as session:
        video = await session.get(Video, video_id)
    data = await context.blobs.read(video.source_key)
    if video.source_key_blob is None:
        return data
    key = await context.kms.decrypt(video.source_key_blob, contexts.original(video_id))
    return SealedReader(MemorySource(data), key).readall()


async def _tasks(context, video_id: str) -> list[TranscodeTask]:
    async with context.reads.begin() as session:
        query = select(TranscodeTask).where(TranscodeTask.video_id == video_id)
        return list(await session.scalars(query))


@pytest.mark.parametrize("size", [0, 1, 4 * MEBIBYTE, 17 * MEBIBYTE + 5])
def test_an_original_is_sealed_as_it_arrives(service, size):
    body = film(size)
    upload = service.create_video(FileSize=size)
    answer = service.put(upload, body)
    assert answer.status == 200
    assert (
        answer.headers["etag"]
        == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest().upper()}"'
    )
    assert answer.headers["x-oss-request-id"]
    if size > len(MARKER):
        assert_no_clear_byte(service)
    assert service.on_loop(_original(service.context, upload.video_id)) == body
    info = service.ok("GetVideoInfo", VideoId=upload.video_id)["Video"]
    assert (info["Status"], info["Size"]) == ("UploadSucc", size)
    assert len(service.on_loop(_tasks(service.context, upload.video_id))) == 1
    assert service.runner.notified == 1


def test_an_original_of_a_clear_group_is_stored_as_it_is(service):
    upload = service.create_video(TemplateGroupId="clear")
    assert service.put(upload, film(5 * MEBIBYTE)).status == 200
    assert service.on_loop(_original(service.context, upload.video_id)) == film(5 * MEBIBYTE)
    assert any(MARKER in content for content in files_of(service).values())


def parts_xml(etags: dict[int, str]) -> bytes:
    parts = "".join(
        f"<Part><PartNumber>{n}</PartNumber><ETag>{e}</ETag></Part>" for n, e in etags.items()
    )
    return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()


def initiate(service, upload) -> str:
    answer = service.oss("POST", upload, query={"uploads": ""})
    assert answer.status == 200, answer.body
    return re.search(rb"<UploadId>([0-9a-f]{32})</UploadId>", answer.body)[1].decode()


def put_part(service, upload, upload_id, number, body):
    return service.oss(
        "PUT", upload, body=body, query={"partNumber": str(number), "uploadId": upload_id}
    )


def listed(service, upload, upload_id, **query) -> list[int]:
    answer = service.oss("GET", upload, query={"uploadId": upload_id} | query)
    assert answer.status == 200, answer.body
    return [int(n) for n in re.findall(rb"<PartNumber>([0-9]+)</PartNumber>", answer.body)]


def test_a_multipart_upload_survives_a_restart(settings):
    body = film(13 * MEBIBYTE + 7)
    chunks = [body[i : i + 5 * MEBIBYTE] for i in range(0, len(body), 5 * MEBIBYTE)]
    service = RunningService(settings).start()
    try:
        upload = service.create_video()
        upload_id = initiate(service, upload)
        etags = {}
        for number in (3, 1):
            answer = put_part(service, upload, upload_id, number, chunks[number - 1])
            etags[number] = answer.headers["etag"]
        assert_no_clear_byte(service)
        service.stop()
        service.start()
        upload.address["Endpoint"] = service.endpoint
        assert listed(service, upload, upload_id) == [1, 3]
        etags[2] = put_part(service, upload, upload_id, 2, chunks[1]).headers["etag"]
        answer = service.oss(
            "POST",
            upload,
            query={"uploadId": upload_id},
            body=parts_xml(dict(sorted(etags.items()))),
        )
        assert answer.status == 200, answer.body
        assert b"-3&quot;</ETag>" in answer.body or b'-3"</ETag>' in answer.body
        assert service.on_loop(_original(service.context, upload.video_id)) == body
        assert_no_clear_byte(service)
        assert list((settings.data / "uploads").iterdir()) == []
        gone = service.oss("GET", upload, query={"uploadId": upload_id})
        assert gone.status in (404, 409)
    finally:
        service.stop()


def test_a_client_that_did_not_hear_the_end_is_told_again(service):
    """Joining ten gigabytes takes longer than clients wait; they ask again."""
    upload = service.create_video()
    upload_id = initiate(service, upload)
    chunks = [film(5 * MEBIBYTE), film(7)]
    etags = {
        number: put_part(service, upload, upload_id, number, chunk).headers["etag"]
        for number, chunk in enumerate(chunks, start=1)
    }

    def complete(parts: dict[int, str]):
        query = {"uploadId": upload_id}
        return service.oss("POST", upload, query=query, body=parts_xml(parts))

    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(complete, [etags] * 3))
    assert [answer.status for answer in at_once] == [200] * 3
    assert complete(etags).body == at_once[0].body
    assert service.on_loop(_original(service.context, upload.video_id)) == b"".join(chunks)
    other = complete({1: etags[1]})
    assert (other.status, b"FileAlreadyExists" in other.body) == (409, True)
    again = service.oss("PUT", upload, body=chunks[1])
    assert (again.status, b"FileAlreadyExists" in again.body) == (409, True)


def test_a_part_that_is_sent_again_takes_the_place_of_the_first(service):
    upload = service.create_video()
    upload_id = initiate(service, upload)
    first = put_part(service, upload, upload_id, 1, b"first").headers["etag"]
    second = put_part(service, upload, upload_id, 1, b"second").headers["etag"]
    stale = service.oss("POST", upload, query={"uploadId": upload_id}, body=parts_xml({1: first}))
    assert (stale.status, b"<Code>InvalidPart</Code>" in stale.body) == (400, True)
    assert len(list((service.settings.data / "uploads" / upload_id).iterdir())) == 1
    done = service.oss("POST", upload, query={"uploadId": upload_id}, body=parts_xml({1: second}))
    assert done.status == 200
    assert service.on_loop(_original(service.context, upload.video_id)) == b"second"


def test_parts_have_to_be_in_order_and_well_formed(service):
    upload = service.create_video()
    upload_id = initiate(service, upload)
    etag = put_part(service, upload, upload_id, 1, b"x").headers["etag"]
    query = {"uploadId": upload_id}
    twice = service.oss("POST", upload, query=query, body=parts_xml({2: etag, 1: etag}))
    assert b"InvalidPartOrder" in twice.body
    assert b"MalformedXML" in service.oss("POST", upload, query=query, body=b"<x/>").body
    for number in ("0", "10001", "x"):
        answer = service.oss(
            "PUT", upload, body=b"x", query={"partNumber": number, "uploadId": upload_id}
        )
        assert b"InvalidArgument" in answer.body


def test_parts_are_listed_page_by_page(service):
    upload = service.create_video()
    upload_id = initiate(service, upload)
    for number in (1, 2, 5):
        put_part(service, upload, upload_id, number, b"x")
    assert listed(service, upload, upload_id, **{"max-parts": "2"}) == [1, 2]
    assert listed(service, upload, upload_id, **{"part-number-marker": "2"}) == [5]


def test_an_aborted_upload_leaves_nothing(service):
    upload = service.create_video()
    upload_id = initiate(service, upload)
    put_part(service, upload, upload_id, 1, b"x" * 100)
    assert service.oss("DELETE", upload, query={"uploadId": upload_id}).status == 204
    assert list((service.settings.data / "uploads").iterdir()) == []
    again = service.oss("DELETE", upload, query={"uploadId": upload_id})
    assert (again.status, b"NoSuchUpload" in again.body) == (404, True)


def test_an_upload_is_for_one_object(service):
    upload = service.create_video()
    other = service.create_video()
    answer = service.put(upload, b"x", key=other.address["FileName"])
    assert (answer.status, b"<Code>AccessDenied</Code>" in answer.body) == (403, True)
    foreign = service.sts()
    upload.auth |= {
        "AccessKeyId": foreign.access_key_id,
        "AccessKeySecret": foreign.access_key_secret,
        "SecurityToken": foreign.security_token,
    }
    assert b"AccessDenied" in service.put(upload, b"x").body


def test_an_upload_credential_calls_no_action(service):
    from vodseal.rpc.signing_v1 import Credential

    auth = service.create_video().auth
    credential = Credential(
        access_key_id=auth["AccessKeyId"],
        access_key_secret=auth["AccessKeySecret"],
        security_token=auth["SecurityToken"],
    )
    assert service.call("GetVideoList", credential).code == "NoPermission"


def test_a_wrong_upload_signature_is_refused(service):
    upload = service.create_video()
    upload.auth["AccessKeySecret"] = "other"
    answer = service.put(upload, b"x")
    assert (answer.status, b"SignatureDoesNotMatch" in answer.body) == (403, True)
    assert b"AccessDenied" in service.http("PUT", "/upload-bucket/x", body=b"x").body


def test_an_expired_upload_credential_is_refreshed(service):
    upload = service.create_video()
    service.clock.advance(3001)
    answer = service.put(upload, b"x")
    assert (answer.status, b"SecurityTokenExpired" in answer.body) == (403, True)
    fresh = service.uploads_of(service.ok("RefreshUploadVideo", VideoId=upload.video_id))
    assert fresh.address == upload.address
    assert service.put(fresh, b"x").status == 200
    again = service.call("RefreshUploadVideo", VideoId=upload.video_id)
    assert (again.status, again.code) == (403, "Forbidden.IllegalStatus")
    twice = service.put(fresh, b"x")
    assert (twice.status, b"FileAlreadyExists" in twice.body) == (409, True)


def test_a_body_that_is_not_what_was_announced_changes_nothing(service):
    upload = service.create_video()
    digest = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    answer = service.put(upload, b"body", headers={"content-md5": digest})
    assert (answer.status, b"InvalidDigest" in answer.body) == (400, True)
    info = service.ok("GetVideoInfo", VideoId=upload.video_id)["Video"]
    assert info["Status"] == "Uploading"
    assert list((service.settings.data / "uploads").iterdir()) == []
    right = base64.b64encode(hashlib.md5(b"body", usedforsecurity=False).digest()).decode()
    assert service.put(upload, b"body", headers={"content-md5": right}).status == 200


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Title": ""}, "MissingTitle"),
        ({"FileName": ""}, "MissingFileName"),
        ({"FileName": "film"}, "InvalidFileName.Extension"),
        ({"Title": "x" * 129}, "LengthExceededMax"),
        ({"Title": "a\x07b"}, "IllegalCharacters"),
        ({"Tags": ",".join("abcdefghijklmnopq")}, "TagsExceededMax"),
        ({"Tags": "x" * 33}, "TagsExceededMax"),
        ({"TemplateGroupId": "nope"}, "InvalidTemplateGroupId.NotFound"),
        ({"StorageLocation": "elsewhere"}, "InvalidStorage.NotFound"),
        ({"FileSize": "-1"}, "InvalidParameter.FileSize"),
        ({"ReferenceId": "a b"}, "InvalidParameter.ReferenceId"),
        ({"UserData": "{"}, "InvalidParameter.UserData"),
    ],
)
def test_what_is_wrong_with_a_new_video_is_named(service, parameters, code):
    values = {"Title": "t", "FileName": "f.mp4"} | parameters
    assert service.call("CreateUploadVideo", **values).code == code
    assert service.ok("GetVideoList")["Total"] == 0


def test_a_reference_id_names_one_video(service):
    upload = service.create_video(ReferenceId="film-0001")
    found = service.ok("GetVideoInfo", ReferenceId="film-0001")["Video"]
    assert found["VideoId"] == upload.video_id
    again = service.call("CreateUploadVideo", Title="t", FileName="f.mp4", ReferenceId="film-0001")
    assert again.code == "InvalidParameter.ReferenceId"


def test_a_deleted_video_leaves_no_byte(service):
    upload = service.create_video()
    service.put(upload, os.urandom(1000))
    other = service.create_video()
    upload_id = initiate(service, other)
    put_part(service, other, upload_id, 1, b"x" * 100)
    answer = service.ok("DeleteVideo", VideoIds=f"{upload.video_id},{other.video_id},{'0' * 32}")
    assert answer["NonExistVideoIds"] == ["0" * 32]
    assert sorted(service.runner.cancelled) == sorted([upload.video_id, other.video_id])
    left = [name for name in files_of(service) if name.startswith(("blobs", "uploads"))]
    assert left == []
    gone = service.call("GetVideoInfo", VideoId=upload.video_id)
    assert (gone.status, gone.code) == (404, "InvalidVideo.NotFound")
    assert service.call("DeleteVideo", VideoIds=upload.video_id).code == "InvalidVideo.NotFound"
    assert b"NoSuchKey" in service.put(upload, b"x").body


def test_a_refusal_reaches_a_client_that_is_still_sending(service):
    upload = service.create_video()
    service.clock.advance(3001)
    answer = service.put(upload, bytes(40 * MEBIBYTE))
    assert (answer.status, b"SecurityTokenExpired" in answer.body) == (403, True)
