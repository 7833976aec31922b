"""What a refused key or license request takes, without a network. See README.md."""

from __future__ import annotations

import base64
import functools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.clock import SystemClock
from vodseal.credential.device import device_id
from vodseal.errors import RpcError
from vodseal.license.acquire import AcquireClaim
from vodseal.rpc.hls_token import HlsToken, make_token
from vodseal.service.actions.download import acquire_download_license
from vodseal.service.actions.play import hls_token_key
from vodseal.service.app import create_app
from vodseal.service.authn import Caller
from vodseal.service.database.models import Revocation, Setting, Stream, Video
from vodseal.service.jobs.in_process import InProcessRunner
from vodseal.service.kms import contexts
from vodseal.service.opening import open_service
from vodseal.service.parameters import Parameters
from vodseal.service.runtime import Call
from vodseal.service.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from vodseal.service.runtime import Service

VIDEO = "a" * 32
BARE = "answered, without the audit log"
Medians = dict[str, dict[str, float]]
Asked = dict[str, Callable[[], Awaitable[tuple[int, float]]]]


async def ask(app: ASGIApp, query: dict[str, str]) -> tuple[int, float]:
    """Return status and seconds of a key request, without a network."""
    scope = {
        "type": "http", "method": "GET", "path": "/key", "raw_path": b"/key", "root_path": "",
        "query_string": urlencode(query).encode(), "headers": [], "scheme": "http",
        "http_version": "1.1", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2),
    }  # fmt: skip
    seen: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])  # type: ignore[arg-type]  # plain dicts for ASGI's types

    begun = time.perf_counter()
    await app(scope, receive, send)  # type: ignore[arg-type]  # plain dicts for ASGI's types
    return seen[0], time.perf_counter() - begun


async def refused_requests(count: int) -> tuple[Medians, Medians]:
    """Return the median times of key requests, and of refused license requests."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", home=Path(folder) / "home", port=0)
        opening = open_service(settings, InProcessRunner, clock=SystemClock(), random=os.urandom)
        async with opening as opened:
            context = opened.service.context
            blob = await add_stream(opened.service)
            key, now = hls_token_key(context), int(context.clock.now())
            good = make_token(key, HlsToken(expires_at=now + 9999, nonce=b"n" * 8, video_id=VIDEO))
            late = make_token(key, HlsToken(expires_at=now - 1, nonce=b"n" * 8, video_id=VIDEO))
            other = make_token(key, HlsToken(expires_at=now + 9999, nonce=b"n" * 8, video_id="b"))
            edk = text(blob)
            unknown = text(blob[:-1] + bytes([blob[-1] ^ 1]))
            queries = {
                "answered": {"Ciphertext": edk, "MediaId": VIDEO, "MtsHlsUriToken": good},
                "no token": {"Ciphertext": edk, "MediaId": VIDEO},
                "token over": {"Ciphertext": edk, "MediaId": VIDEO, "MtsHlsUriToken": late},
                "token of another video": {
                    "Ciphertext": edk, "MediaId": VIDEO, "MtsHlsUriToken": other,
                },
                "no such key": {"Ciphertext": unknown, "MediaId": VIDEO, "MtsHlsUriToken": good},
            }  # fmt: skip
            bare = replace(context, kms=context.kms._provider)  # noqa: SLF001 - the same, without its log
            apps = {name: create_app(opened.service) for name in queries}
            queries[BARE] = queries["answered"]
            apps[BARE] = create_app(replace(opened.service, context=bare))
            asked = {name: functools.partial(ask, apps[name], queries[name]) for name in queries}
            keys = await interleaved(asked, count)
            return keys, await interleaved(await license_requests(opened.service), count)


async def interleaved(asked: Asked, count: int) -> Medians:
    """Return the medians of ``count`` rounds, each in another order; 50 before them warm up."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    names = list(asked)
    for number in range(count + 50):
        random.shuffle(names)
        for name in names:
            status, seconds = await asked[name]()
            assert status == (200 if name.startswith("answered") else 403), (name, status)
            if number >= 50:
                taken[name].append(seconds)
    return {
        name: {
            "median_ms": round(statistics.median(times) * 1e3, 4),
            "p95_ms": round(sorted(times)[int(len(times) * 0.95)] * 1e3, 4),
        }
        for name, times in taken.items()
    }


def apart(medians: Medians) -> float:
    """Return by which share the slowest refusal takes longer than the fastest."""
    refused = [row["median_ms"] for name, row in medians.items() if not name.startswith("answered")]
    return round(max(refused) / min(refused) - 1, 4)


async def license_requests(service: Service) -> Asked:
    """Return requests of licenses: of no app, of a revoked one, and by a revoked device.

    The action itself is asked, without the audit record of its refusal.
    """
    context = service.context
    now = context.clock.now()
    kem = X25519PrivateKey.generate().public_key().public_bytes_raw()
    good, bad = (Ed25519PrivateKey.generate() for _ in range(2))
    revoked = device_id(kem, bad.public_key().public_bytes_raw()).hex()
    async with context.sessions.begin() as session:
        session.add(Setting(name="download-mode", value="secure", modified_at=now))
        for subject, name in (("app", "aa" * 16), ("device", revoked)):
            session.add(Revocation(subject=subject, name=name, since=now - 9, created_at=now - 9))

    def request(serial: bytes, key: Ed25519PrivateKey) -> Call:
        claim = AcquireClaim(
            video_id=VIDEO, job_id="c" * 32, download_id=b"d" * 16, app_serial=serial,
            kem_public_key=kem, signing_public_key=key.public_key().public_bytes_raw(),
        )  # fmt: skip
        values = {
            "VideoId": VIDEO, "JobId": claim.job_id, "TrackIndex": "0",
            "DownloadId": claim.download_id.hex(), "AppSerial": serial.hex(),
            "DeviceKemKey": text(kem), "DeviceSigningKey": text(claim.signing_public_key),
            "DeviceSignature": text(claim.sign(key)),
        }  # fmt: skip
        return Call(
            action="AcquireDownloadLicense", parameters=Parameters(values), values=values,
            caller=Caller(key_id="x"), now=now, base_url="",
        )  # fmt: skip

    async def refuse(call: Call) -> tuple[int, float]:
        begun = time.perf_counter()
        try:
            await acquire_download_license(service, call)
        except RpcError:
            return 403, time.perf_counter() - begun
        return 200, 0.0

    calls = {
        "no such app": request(b"\xbb" * 16, good),
        "revoked app": request(b"\xaa" * 16, good),
        "revoked device": request(b"\xbb" * 16, bad),
    }
    return {name: functools.partial(refuse, call) for name, call in calls.items()}


def text(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode()


async def add_stream(service: Service) -> bytes:
    """Store a stream with a key, and return its EDK."""
    context = service.context
    now, job = context.clock.now(), "c" * 32
    key = await context.kms.generate_data_key(contexts.stream(VIDEO, job, "HLSEncryption"), 16)
    async with context.sessions.begin() as session:
        session.add(
            Video(
                id=VIDEO, title="t", file_name="t.mp4", template_group_id="encrypted",
                status="Normal", created_at=now, modified_at=now, object_key="k",
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            Stream(
                id=job, video_id=VIDEO, position=0, format="m3u8", definition="HD",
                stream_type="video", encrypt_type="HLSEncryption", key_blob=key.blob,
                entry_key="k", size=1, duration=1.0, created_at=now, modified_at=now,
            )
        )  # fmt: skip
    return bytes(key.blob)
