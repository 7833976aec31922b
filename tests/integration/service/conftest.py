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
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import urlencode

import pytest

from vodseal.rpc.oss_v1 import authorization, string_to_sign
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import Credential, signed_parameters
from vodseal.service.server import Ready, serve
from vodseal.service.settings import Settings


class FakeClock:
    def __init__(self) -> None:
        self.offset = 0.0
        self._start = datetime.now(UTC).timestamp()  # noqa: TID251 - the test's anchor
        self.frozen = self._start

    def now(self) -> float:
        return self.frozen + self.offset

    def monotonic(self) -> float:
        return self.now()

    def advance(self, seconds: float) -> None:
        self.offset += seconds


class IdleRunner:
    """Runs nothing, and counts how often it was asked to."""

    def __init__(self, context) -> None:
        self.context = context
        self.notified = 0
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    def notify(self) -> None:
        self.notified += 1


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
    clock: FakeClock = field(default_factory=FakeClock)
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
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
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
