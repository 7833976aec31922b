"""An upload against a service that breaks down in every way it can."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from vodseal.cli import uploading
from vodseal.cli.object_upload import ObjectUpload
from vodseal.cli.upload_note import Film, UploadNote
from vodseal.cli.uploading import Uploader
from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, RequestError
from vodseal.rpc.messages.videos import (
    CreateUploadVideoAnswer,
    CreateUploadVideoRequest,
    RefreshUploadVideoAnswer,
    UploadAddress,
    UploadAuth,
)
from vodseal.rpc.oss_v1 import is_signed, string_to_sign

PART = 1 << 16


class Store:
    """An OSS of a kind: it checks signatures, keeps parts, and fails as it is told."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.failures: list[tuple[str, object]] = []
        self.token = "token-1"
        self.parts: dict[int, bytes] = {}
        self.upload_id = ""
        self.whole: bytes | None = None
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                store.handle(self)

            do_POST = do_GET = do_PUT  # noqa: N815 - the names are the server's

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def auth(self) -> UploadAuth:
        return UploadAuth(access_key_id="STS.k", access_key_secret="s", security_token=self.token)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        parts = urlsplit(request.path)
        query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        word = request.command + "".join(
            sorted(name[0] for name in query if name in {"uploads", "partNumber", "uploadId"})
        )
        self.asked[word] += 1
        for index, (which, how) in enumerate(self.failures):
            if which == word:
                del self.failures[index]
                if how == "cut":
                    request.close_connection = True
                    return request.connection.shutdown(socket.SHUT_RDWR)
                if isinstance(how, tuple):
                    return self.answer(request, how[0], f"<Code>{how[1]}</Code>")
                return self.answer(request, 200, "", etag=str(how))
        headers = {name.lower(): value for name, value in request.headers.items()}
        text = string_to_sign(request.command, "/upload-bucket/sv/ä b.mp4", headers, query)
        if not is_signed(headers.get("authorization", ""), "STS.k", "s", text):
            return self.answer(request, 403, "<Code>SignatureDoesNotMatch</Code>")
        if headers.get("x-oss-security-token") != self.token:
            return self.answer(request, 403, "<Code>SecurityTokenExpired</Code>")
        return self.serve(request, query, body)

    def serve(self, request, query: dict[str, str], body: bytes) -> None:
        etag = md5(body).upper()
        if "uploads" in query:
            self.upload_id, self.parts = os.urandom(4).hex(), {}
            xml = f"<UploadId>{self.upload_id}</UploadId>"
            return self.answer(request, 200, xml)
        if query.get("uploadId", self.upload_id) != self.upload_id:
            return self.answer(request, 404, "<Code>NoSuchUpload</Code>")
        if request.command == "GET":
            return self.answer(request, 200, self.listing(int(query["part-number-marker"])))
        if request.command == "POST":
            named = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>(\w+)</ETag>", body.decode())
            tags = {n: md5(data).upper() for n, data in self.parts.items()}
            assert {int(number): tag for number, tag in named} == tags
            self.whole = b"".join(data for _, data in sorted(self.parts.items()))
            return self.answer(request, 200, "")
        if "partNumber" in query:
            self.parts[int(query["partNumber"])] = body
        else:
            self.whole = body
        return self.answer(request, 200, "", etag=f'"{etag}"')

    def listing(self, marker: int) -> str:
        """Two parts a page, so that pages are gone through."""
        after = sorted(number for number in self.parts if number > marker)
        shown = "".join(
            f"<Part><PartNumber>{n}</PartNumber><ETag>&quot;{md5(self.parts[n])}"
            f"&quot;</ETag><Size>{len(self.parts[n])}</Size></Part>"
            for n in after[:2]
        )
        more = "true" if len(after) > 2 else "false"
        last = after[:2][-1] if after else marker
        return (
            f"<IsTruncated>{more}</IsTruncated>"
            f"<NextPartNumberMarker>{last}</NextPartNumberMarker>{shown}"
        )

    def answer(self, request, status: int, body: str, etag: str = "") -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        if etag:
            request.send_header("ETag", etag)
        request.end_headers()
        request.wfile.write(body.encode())


class Service:
    """The two actions of an upload; ``store`` takes the bytes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[str] = []
        self.refusal: RequestError | None = None

    def send(self, request: object) -> object:
        self.asked.append(type(request).__name__)
        members = {
            "upload_address": encoded(
                {
                    "Endpoint": self.store.endpoint,
                    "Bucket": "upload-bucket",
                    "FileName": "sv/ä b.mp4",
                }
            ),
            "upload_auth": encoded(
                {
                    "AccessKeyId": "STS.k",
                    "AccessKeySecret": "s",
                    "SecurityToken": self.store.token,
                }
            ),
        }
        if isinstance(request, CreateUploadVideoRequest):
            return CreateUploadVideoAnswer(video_id=f"vid{len(self.asked)}", **members)
        if self.refusal:
            raise self.refusal
        return RefreshUploadVideoAnswer(video_id="vid", **members)


class Patient:
    """Interrupts that never come, and waits that take no time."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.heard = False

    def is_heard(self) -> bool:
        return self.heard

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return self.heard

    def check(self) -> None:
        if self.heard:
            raise OperatorError(ErrorCode.INTERRUPTED, "interrupted")


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def encoded(members: dict[str, str]) -> str:
    return base64.b64encode(json.dumps(members).encode()).decode()


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(uploading, "PART_SIZE", PART)
    store = Store()
    store.thread.start()
    yield store
    store.server.shutdown()
    store.server.server_close()
    store.thread.join()


@pytest.fixture
def service(store):
    return Service(store)


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(5 * PART + 100))
    return as_film(path)


def as_film(path) -> Film:
    state = path.stat()
    return Film(
        path=path,
        size=state.st_size,
        modified_ns=state.st_mtime_ns,
        title="t",
        template_group=None,
    )


def upload(service, film, patient=None) -> tuple[str, list[int]]:
    seen: list[int] = []
    uploader = Uploader(
        service,
        film,
        UploadNote(film, "http://service"),
        clock=SystemClock(),
        interrupts=patient or Patient(),
        on_progress=seen.append,
    )
    return uploader.run(), seen


def test_a_film_arrives_in_parts_and_whole(service, store, film) -> None:
    vid, seen = upload(service, film)
    assert vid == "vid1"
    assert store.whole == film.path.read_bytes()
    assert store.asked["PUTpu"] == 6
    assert seen == sorted(seen)
    assert seen[-1] == film.size


@pytest.mark.parametrize("size", [0, 1, PART])
def test_a_small_film_is_one_put(service, store, film, size) -> None:
    film.path.write_bytes(os.urandom(size))
    upload(service, as_film(film.path))
    assert store.whole == film.path.read_bytes()
    assert store.asked == {"PUT": 1}


def test_what_is_there_is_not_sent_again(service, store, film) -> None:
    store.failures = [("PUTpu", (403, "AccessDenied"))]
    with pytest.raises(RequestError):
        upload(service, film)
    data = film.path.read_bytes()
    store.parts = {n: data[(n - 1) * PART : n * PART] for n in (1, 2, 3, 5)}
    store.asked.clear()
    vid, seen = upload(service, film)
    assert vid == "vid1"
    assert store.asked["PUTpu"] == 2
    assert store.asked["POSTu"] == 1
    assert store.whole == data
    assert seen[-1] == film.size


def test_a_part_of_another_length_is_sent_again(service, store, film) -> None:
    store.failures = [("PUTpu", (403, "AccessDenied"))]
    with pytest.raises(RequestError):
        upload(service, film)
    store.parts = {1: b"short"}
    upload(service, film)
    assert store.whole == film.path.read_bytes()


def test_a_second_run_after_the_last_byte_sends_nothing(service, store, film) -> None:
    upload(service, film)
    store.asked.clear()
    assert upload(service, film)[0] == "vid1"
    assert not store.asked


@pytest.mark.parametrize("how", ["cut", (500, "InternalError"), (503, "HTTP")])
def test_a_break_is_tried_again_with_longer_pauses(service, store, film, how) -> None:
    failure = ("PUTpu", how if how == "cut" else (how[0], ""))
    store.failures = [failure] * 3
    patient = Patient()
    upload(service, film, patient)
    assert store.whole == film.path.read_bytes()
    assert patient.waited == sorted(patient.waited)
    assert len(patient.waited) == 3


def test_it_is_not_tried_for_ever(service, store, film) -> None:
    store.failures = [("PUTpu", "cut")] * 50
    with pytest.raises(RequestError) as caught:
        upload(service, film)
    assert caught.value.code is ErrorCode.REQUEST_FAIL
    assert store.asked["PUTpu"] == 5


def test_a_refusal_is_not_tried_again(service, store, film) -> None:
    store.failures = [("PUTpu", (507, "InsufficientStorage"))] * 9
    with pytest.raises(RequestError) as caught:
        upload(service, film)
    assert caught.value.server_code == "InsufficientStorage"
    assert store.asked["PUTpu"] == 1


def test_an_expired_key_is_replaced(service, store, film) -> None:
    store.token = "token-2"
    first = store.token
    store.failures = [("PUTpu", (403, "SecurityTokenExpired"))]
    upload(service, film)
    assert service.asked == ["CreateUploadVideoRequest", "RefreshUploadVideoRequest"]
    assert store.whole == film.path.read_bytes()
    assert first == "token-2"


def test_an_upload_that_the_service_forgot_begins_again(service, store, film) -> None:
    store.failures = [("PUTpu", (404, "NoSuchUpload"))]
    upload(service, film)
    assert store.asked["POSTu"] == 3, "begun twice, completed once"
    assert store.whole == film.path.read_bytes()


def test_a_video_that_is_gone_is_made_anew(service, store, film) -> None:
    store.failures = [("PUTpu", (403, "AccessDenied"))]
    with pytest.raises(RequestError):
        upload(service, film)
    service.refusal = RequestError(
        ErrorCode.SERVER_VOD_INVALIDVIDEO_NOTFOUND, "gone", server_code="InvalidVideo.NotFound"
    )
    vid, _ = upload(service, film)
    assert vid == "vid3"
    assert store.whole == film.path.read_bytes()


def test_another_service_another_file_another_group_is_another_upload(film, tmp_path) -> None:
    UploadNote(film, "http://one").keep(video_id="v")
    assert UploadNote(film, "http://one").video_id == "v"
    assert UploadNote(film, "http://two").video_id == ""
    film.path.write_bytes(b"changed")
    assert UploadNote(as_film(film.path), "http://one").video_id == ""


def test_what_arrives_is_compared_with_what_was_sent(service, store, film) -> None:
    store.failures = [("PUTpu", '"00000000000000000000000000000000"')]
    upload(service, film)
    assert store.asked["PUTpu"] == 7
    assert store.whole == film.path.read_bytes()


def test_a_film_that_shrinks_is_named(service, store, film) -> None:
    film.path.write_bytes(b"x" * PART * 2)
    with pytest.raises(OperatorError) as caught:
        upload(service, film)
    assert caught.value.code is ErrorCode.INPUT_FILE_UNUSABLE


def test_an_interrupt_stops_and_keeps(service, store, film) -> None:
    patient = Patient()
    store.failures = [("PUTpu", (500, ""))]
    original = patient.wait

    def hear(seconds: float) -> bool:
        patient.heard = True
        return original(seconds)

    patient.wait = hear  # type: ignore[method-assign]  # the test stands in its place
    with pytest.raises(OperatorError) as caught:
        upload(service, film, patient)
    assert caught.value.code is ErrorCode.INTERRUPTED
    assert UploadNote(film, "http://service").upload_id == store.upload_id


def test_a_cancelled_transfer_is_an_interrupt(store, film) -> None:
    address = UploadAddress(endpoint=store.endpoint, bucket="upload-bucket", file_name="sv/ä b.mp4")
    transfer = ObjectUpload(address, store.auth(), clock=SystemClock(), is_cancelled=lambda: True)
    try:
        with film.path.open("rb") as file, pytest.raises(RequestError) as caught:
            transfer.send(file, film.size, lambda _: None)
    finally:
        transfer.close()
    assert caught.value.code is ErrorCode.INTERRUPTED


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 200_000], ids=range(5))
def test_a_broken_note_is_none(film, content) -> None:
    note = UploadNote(film, "http://service")
    note.keep(video_id="v", upload_id="u")
    note._path.write_bytes(content)
    again = UploadNote(film, "http://service")
    assert (again.video_id, again.upload_id, again.is_sent) == ("", "", False)


@pytest.mark.parametrize("address", ["!", "W10=", base64.b64encode(b"[" * 200_000).decode()])
def test_an_address_that_is_none_is_named(service, film, address) -> None:
    answer = CreateUploadVideoAnswer(video_id="v", upload_address=address, upload_auth="W10=")
    service.send = lambda _: answer
    with pytest.raises(RequestError) as caught:
        upload(service, film)
    assert caught.value.code is ErrorCode.SERVER_WRONG_JSON
