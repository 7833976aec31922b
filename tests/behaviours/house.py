"""A whole service for the behaviours: real server, real wire, a clock that can be moved.

It runs in a thread of the test process, behind a loopback socket, so that a test
can let a credential expire by moving the clock, without waiting for it. Clients
and service share that clock. Killing and cutting is done to other processes and
to a proxy, never to the service itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pycurl

from vodseal import AppIdentity, VidAuth, VidPlayerConfigGen, VidSts
from vodseal.rpc.oss_v1 import authorization, string_to_sign
from vodseal.sdk.transport import RpcClient
from vodseal.service.jobs.in_process import InProcessRunner
from vodseal.service.server import Ready, serve
from vodseal.service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.rpc.signing_v1 import Credential
    from vodseal.service.context import ServiceContext
    from vodseal.service.jobs.task_rows import ClaimedTask

__all__ = ["App", "House", "MovableClock"]

PATIENCE = 120.0
PRIVATE_STRING = "Behaviours1234567"


class MovableClock:
    """The machine's clock, and as many seconds more as a test wants."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return datetime.now(UTC).timestamp() + self.ahead  # noqa: TID251 - the anchor of a test clock

    def monotonic(self) -> float:
        return self.now()

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


class WatchedRunner(InProcessRunner):
    """The service's own runner, which says when a task has ended."""

    def __init__(self, context: ServiceContext, ended: threading.Semaphore) -> None:
        super().__init__(context)
        self._ended = ended

    async def _run_cancellable(self, claimed: ClaimedTask) -> None:
        await super()._run_cancellable(claimed)
        self._ended.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A registered app: who it is, and the security file that was issued for it."""

    identity: AppIdentity
    security_file: bytes = field(repr=False)
    private_string: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class House:
    """The service, and what an operator and an app server do with it."""

    folder: Path
    clock: MovableClock = field(default_factory=MovableClock)
    ready: Ready | None = None
    admin: Credential | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = None
    _stop: asyncio.Event | None = None
    _thread: threading.Thread | None = None
    _failure: BaseException | None = None
    _ended_tasks: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def endpoint(self) -> str:
        assert self.ready is not None
        return self.ready.endpoint

    def open(self) -> House:
        listening = threading.Event()

        def on_ready(ready: Ready) -> None:
            self.ready = ready
            self.admin = ready.admin_key or self.admin
            listening.set()

        def make_runner(context: ServiceContext) -> InProcessRunner:
            return WatchedRunner(context, self._ended_tasks)

        async def run() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            settings = Settings(data=self.folder / "data", home=self.folder / "home", port=0)
            await serve(settings, on_ready, make_runner, self._stop, clock=self.clock)

        def main() -> None:
            try:
                asyncio.run(run())
            except BaseException as error:  # noqa: BLE001 - handed to the test
                self._failure = error
            finally:
                listening.set()

        self._thread = threading.Thread(target=main, name="service")
        self._thread.start()
        assert listening.wait(PATIENCE)
        if self._failure is not None:
            raise self._failure
        return self

    def close(self) -> None:
        assert self._loop is not None
        assert self._stop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    def ask(
        self,
        action: str,
        *,
        form: dict[str, str] | None = None,
        version: str = "",
        **parameters: Any,
    ) -> dict[str, Any]:
        """Call an action as the operator."""
        assert self.admin is not None
        texts = {name: str(value) for name, value in parameters.items() if value is not None}
        with RpcClient(self.endpoint, self.admin, clock=self.clock) as client:
            return client.call(action, texts, form=form, version=version or "2017-03-21")

    def set(self, name: str, value: str) -> None:
        self.ask("SetServiceSettings", Name=name, Value=value)

    def upload(self, film: Path, *, template: str) -> str:
        """Upload a film, wait until its streams are there, and return its vid."""
        made = self.ask(
            "CreateUploadVideo", Title=film.stem, FileName=film.name, TemplateGroupId=template
        )
        self._put(made, film.read_bytes())
        vid: str = made["VideoId"]
        self._wait_until_normal(vid)
        return vid

    def _put(self, made: dict[str, Any], body: bytes) -> None:
        address, auth = (
            json.loads(base64.b64decode(made[name])) for name in ("UploadAddress", "UploadAuth")
        )
        resource = f"/{address['Bucket']}/{address['FileName']}"
        headers = {
            "date": formatdate(self.clock.now(), usegmt=True),
            "content-type": "video/mp4",
            "x-oss-security-token": auth["SecurityToken"],
        }
        text = string_to_sign("PUT", resource, headers, {})
        headers["authorization"] = authorization(auth["AccessKeyId"], auth["AccessKeySecret"], text)
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, address["Endpoint"] + resource)
        curl.setopt(pycurl.CUSTOMREQUEST, "PUT")
        curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOSIGNAL, 1)
        answer: str = curl.perform_rs()
        assert curl.getinfo(pycurl.RESPONSE_CODE) == 200, answer
        curl.close()

    def _wait_until_normal(self, vid: str) -> None:
        while (status := self.ask("GetVideoInfo", VideoId=vid)["Video"]["Status"]) != "Normal":
            assert status != "TranscodeFail", self.ask("ListTranscodeTask", VideoId=vid)
            assert self._ended_tasks.acquire(timeout=PATIENCE)

    def register(
        self, identity: AppIdentity, *, private_string: str | None = None, **more: str
    ) -> App:
        """Register an app of the kinds that need no manifest, and return its security file."""
        made = self.ask(
            "RegisterApp",
            Kind=identity.kind.label,
            Identifier=identity.text,
            FileAlone="true" if private_string is None else "false",
            form=None if private_string is None else {"AppDecryptKey": private_string},
            **more,
        )
        return App(
            identity=identity,
            security_file=base64.b64decode(made["SecurityFile"]),
            private_string=private_string,
        )

    def register_python(self, identity: AppIdentity, **more: Any) -> App:
        """Register a Python app, and return its security file, which opens by itself."""
        bundle, _, key = identity.identifier.partition(b"\0")
        made = self.ask(
            "RegisterApp",
            Kind=identity.kind.label,
            Identifier=bundle.decode("ascii"),
            ManifestKey=base64.b64encode(key).decode("ascii"),
            FileAlone="true",
            **more,
        )
        return App(identity=identity, security_file=base64.b64decode(made["SecurityFile"]))

    def sts(self, vid: str, *, seconds: int = 3600, policy: str = "", **more: Any) -> VidSts:
        """Return what an app server hands to its app: a temporary key."""
        made = self.ask(
            "AssumeRole",
            version="2015-04-01",
            RoleArn="acs:ram::1000000000000000:role/player",
            RoleSessionName="behaviours",
            DurationSeconds=seconds,
            Policy=policy or None,
        )["Credentials"]
        return VidSts(
            vid=vid,
            endpoint=self.endpoint,
            access_key_id=made["AccessKeyId"],
            access_key_secret=made["AccessKeySecret"],
            security_token=made["SecurityToken"],
            expiration=made["Expiration"],
            **{"play_config": self.play_config(), **more},
        )

    def auth(self, vid: str, *, seconds: int = 100, **more: Any) -> VidAuth:
        """Return what an app server hands to its app: a play credential."""
        made = self.ask("GetVideoPlayAuth", VideoId=vid, AuthInfoTimeout=seconds)
        return VidAuth(
            vid=vid,
            endpoint=self.endpoint,
            play_auth=made["PlayAuth"],
            **{"play_config": self.play_config(), **more},
        )

    def play_config(self) -> str:
        """Return a play config with a token for the key server."""
        config = VidPlayerConfigGen()
        config.set_mts_hls_uri_token(self.ask("CreateHlsUriToken")["MtsHlsUriToken"])
        return config.generate()
