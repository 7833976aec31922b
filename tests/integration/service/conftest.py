"""A real service on a free loopback port, in a thread of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import urlencode

import pytest

from vodseal.clock import SystemClock
from vodseal.rpc.oss_v1 import authorization, string_to_sign
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import Credential, signed_parameters
from vodseal.service.server import Ready, serve
from vodseal.service.settings import Settings
from vodseal.testing.clock import FakeClock


def make_clock() -> FakeClock:
    """A clock that stands at this moment: other people's clients sign with the real time."""
    return FakeClock(SystemClock().now())


class IdleRunner:
    """Runs nothing, and counts how often it was asked to."""

    def __init__(self, context) -> None:
        self.context = context
        self.notified = 0
        self.cancelled = []
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    def notify(self) -> None:
        self.notified += 1

    async def cancel(self, video_ids) -> None:
        self.cancelled.extend(video_ids)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["Code"]


@dataclass
class RunningService:
    settings: Settings
    clock: FakeClock = field(default_factory=make_clock)
    ready: Ready | None = None
    runner: IdleRunner | None = None
    admin: Credential | None = None
    error: BaseException | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _stop: asyncio.Event | None = None
    _thread: threading.Thread | None = None

    def start(self) -> RunningService:
        started = threading.Event()

        def make_runner(context):
            self.runner = IdleRunner(context)
            return self.runner

        def on_ready(ready: Ready) -> None:
            self.ready = ready
            self.admin = ready.admin_key or self.admin
            started.set()

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            await serve(self.settings, on_ready, make_runner, self._stop, clock=self.clock)

        def body() -> None:
            try:
                asyncio.run(main())
            except BaseException as error:  # noqa: BLE001 - handed to the test
                self.error = error
            finally:
                started.set()

        self._thread = threading.Thread(target=body, name="service")
        self._thread.start()
        assert started.wait(30)
        if self.error is not None:
            self._thread.join()
            raise self.error
        return self

    def stop(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(30)
            assert not self._thread.is_alive()
        self._thread = None

    @property
    def endpoint(self) -> str:
        return self.ready.endpoint

    @property
    def context(self):
        return self.runner.context

    def on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def http(self, method, url, *, headers=None, body=None) -> Answer:
        if url.startswith("/"):
            url = self.endpoint + url
        request = urllib.request.Request(  # noqa: S310 - our own loopback service
            url, data=body, method=method, headers=headers or {}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return Answer(response.status, response.read(), _lower(response.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), _lower(error.headers))

    def call(
        self,
        action,
        credential=None,
        *,
        version="2017-03-21",
        method="POST",
        raw=None,
        form=None,
        **parameters,
    ) -> Answer:
        """Send one RPC request; ``raw`` changes the signed parameters afterwards."""
        values = {"Action": action, "Version": version, "Format": "JSON"}
        values |= {name: str(value) for name, value in parameters.items() if value is not None}
        signed = signed_parameters(
            method,
            values | (form or {}),
            credential or self.admin,
            nonce=os.urandom(16).hex(),
            timestamp=format_time(self.clock.now()),
        )
        signed |= raw or {}
        body = None
        if form:
            body = urlencode({name: signed.pop(name) for name in form}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        return self.http(method, "/?" + urlencode(signed), headers=headers, body=body)

    def ok(self, action, credential=None, **parameters) -> dict:
        answer = self.call(action, credential, **parameters)
        assert answer.status == 200, answer.body
        return answer.json

    def set(self, name: str, value: str) -> None:
        self.ok("SetServiceSettings", Name=name, Value=value)

    def sts(self, **parameters) -> Credential:
        answer = self.ok(
            "AssumeRole",
            version="2015-04-01",
            RoleArn="acs:ram::1000000000000000:role/player",
            RoleSessionName="tester",
            **parameters,
        )["Credentials"]
        return Credential(
            access_key_id=answer["AccessKeyId"],
            access_key_secret=answer["AccessKeySecret"],
            security_token=answer["SecurityToken"],
        )

    def create_video(self, **parameters) -> Upload:
        values = {"Title": "Film", "FileName": "film.mp4"} | parameters
        return self.uploads_of(self.ok("CreateUploadVideo", **values))

    @staticmethod
    def uploads_of(answer: dict) -> Upload:
        address = json.loads(base64.b64decode(answer["UploadAddress"]))
        auth = json.loads(base64.b64decode(answer["UploadAuth"]))
        return Upload(video_id=answer["VideoId"], address=address, auth=auth)

    def put(self, upload: Upload, body: bytes, **options) -> Answer:
        return self.oss("PUT", upload, body=body, **options)

    def oss(self, method, upload, *, body=None, query=None, headers=None, key=None) -> Answer:
        """Send one upload request, signed as OSS clients sign."""
        query = query or {}
        key = key or upload.address["FileName"]
        resource = f"/{upload.address['Bucket']}/{key}"
        sent = {
            "date": formatdate(self.clock.now(), usegmt=True),
            "content-type": "video/mp4",
            "x-oss-security-token": upload.auth["SecurityToken"],
        } | (headers or {})
        text = string_to_sign(method, resource, sent, query)
        sent["authorization"] = authorization(
            upload.auth["AccessKeyId"], upload.auth["AccessKeySecret"], text
        )
        tail = "&".join(f"{n}={v}" if v else n for n, v in query.items())
        url = upload.address["Endpoint"] + resource + (f"?{tail}" if tail else "")
        return self.http(method, url, headers=sent, body=body)


@dataclass
class Upload:
    video_id: str
    address: dict
    auth: dict


def _lower(headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data=tmp_path / "data", home=tmp_path / "home", port=0)


@pytest.fixture
def service(settings):
    running = RunningService(settings).start()
    yield running
    running.stop()


SEGMENT = bytes(range(256)) * 16
PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXT-X-KEY:METHOD=AES-128,URI="{key_uri}",IV=0x00000000000000000000000000000001
#EXTINF:10.0,
seg-00000.ts
#EXTINF:10.0,
seg-00001.ts
#EXT-X-ENDLIST
"""


@dataclass
class FakeStream:
    """A stream that a packaging job would have made."""

    video_id: str
    job_id: str
    key: bytes
    key_blob: bytes | None
    playlist: str


def publish(service: RunningService, *streams: dict, video_id: str = "") -> list[FakeStream]:
    """Upload a video and give it streams, as the transcoder would."""
    if not video_id:
        upload = service.create_video()
        assert service.put(upload, b"original").status == 200
        video_id = upload.video_id
    return service.on_loop(_publish(service.context, video_id, streams or ({},)))


async def _publish(context, video_id, streams) -> list[FakeStream]:
    from sqlalchemy import func, select

    from vodseal.media.encryption import EncryptType
    from vodseal.media.uris import license_uri
    from vodseal.service.database.models import Stream, Video
    from vodseal.service.kms import contexts
    from vodseal.service.packaging.playlist import key_uri

    made = []
    for values in streams:
        job_id = os.urandom(16).hex()
        format_name = values.get("format", "m3u8")
        prefix = f"media/{video_id}/{job_id}"
        key = None
        encryption = EncryptType(values.get("encrypt_type", "HLSEncryption") or "")
        if encryption:
            where = contexts.stream(video_id, job_id, encryption)
            key = await context.kms.generate_data_key(where, 16)
        text = ""
        if format_name == "m3u8":
            uri = key_uri(key.blob, video_id) if key else ""
            if encryption is EncryptType.PRIVATE:
                uri = license_uri(job_id)
            text = PLAYLIST.format(key_uri=uri)
            await context.blobs.put(f"{prefix}/index.m3u8", text.encode())
            await context.blobs.put(f"{prefix}/seg-00000.ts", SEGMENT)
            await context.blobs.put(f"{prefix}/seg-00001.ts", SEGMENT[::-1])
            entry = f"{prefix}/index.m3u8"
        else:
            entry = f"{prefix}/video.{format_name}"
            await context.blobs.put(entry, values.pop("body", SEGMENT))
        await context.blobs.make_durable(prefix)
        async with context.sessions.begin() as session:
            query = select(func.max(Stream.position)).where(Stream.video_id == video_id)
            last = await session.scalar(query)
            row = {
                "id": job_id,
                "video_id": video_id,
                "position": 0 if last is None else last + 1,
                "format": format_name,
                "definition": "HD",
                "stream_type": "video",
                "encrypt_type": "HLSEncryption",
                "key_blob": key.blob if key else None,
                "entry_key": entry,
                "size": 2 * len(SEGMENT),
                "duration": 20.0,
                "bitrate_kbps": 512.5,
                "fps": 25.0,
                "width": 1280,
                "height": 720,
                "codec_name": "H264",
                "created_at": context.clock.now(),
                "modified_at": context.clock.now(),
            } | values
            session.add(Stream(**row))
            video = await session.get(Video, video_id)
            video.status = "Normal"
            video.duration = 20.0
        made.append(
            FakeStream(
                video_id=video_id,
                job_id=job_id,
                key=key.plain if key else b"",
                key_blob=key.blob if key else None,
                playlist=text,
            )
        )
    return made
