"""Row 13: somebody on the network, or in the CDN, alters, swaps, repeats and listens.

TLS stops all of this on the way; here the attacker is behind it, and sees and
writes everything between the device and the service.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest
from tests.behaviours.wire import forward, is_segment
from tests.scenario.threats.hands import frames

from vodseal import AppIdentity, ErrorCode
from vodseal.container.header import Header
from vodseal.credential.stamp import PARAMETER
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import signed_parameters
from vodseal.testing.leakscan import LeakScanner
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import House
    from tests.behaviours.phone import Ear, Phone
    from tests.behaviours.wire import Wire

    from vodseal.testing.http_server import Answer, Received

    Video = Callable[..., str]


def path_of(request: Received) -> str:
    return urlsplit(request.target).path


def flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def film_on(phone: Phone) -> list[Path]:
    """Return every finished or unfinished result on a device; staging is sealed, and no result."""
    return [path for path in phone.save_dir.glob("*") if path.is_file()]


def attempt(phone: Phone, house: House, vid: str, wire: Wire) -> Ear:
    downloader, ear = phone.ready(house.sts(vid), wire=wire)
    downloader.start()
    ear.wait_for("error")
    assert "completed" not in ear.names
    return ear


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "first byte": lambda body: flipped(body, 0),
    "in the middle": lambda body: flipped(body, len(body) // 2),
    "last byte": lambda body: flipped(body, len(body) - 1),
    "a block less": lambda body: body[:-16],
    "a block more": lambda body: body + body[-16:],
    "blocks swapped": lambda body: body[16:32] + body[:16] + body[32:],
    "other bytes": lambda body: bytes(len(body)),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_segment_is_not_taken(
    phone: Phone, house: House, video: Video, wire: Wire, alteration: str
) -> None:
    def alter(request: Received) -> Answer | None:
        if not is_segment(path_of(request)):
            return None
        answer = forward(request)
        return replace(answer, body=ALTERATIONS[alteration](answer.body))

    wire.on_media = alter
    attempt(phone, house, video("short"), wire)
    assert film_on(phone) == []


def test_segments_of_the_same_film_are_not_taken_for_each_other(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    seen: list[Answer] = []

    def swap(request: Received) -> Answer | None:
        if not is_segment(path_of(request)):
            return None
        seen.append(forward(request))
        return seen[0]

    wire.on_media = swap
    attempt(phone, house, video("long"), wire)
    assert film_on(phone) == []


def test_one_altered_answer_is_fetched_again_and_the_film_is_whole(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    clear, _ = phone.download(house.sts(video("short")))
    expected = frames(clear)
    phone.save_dir.rename(phone.folder / "before")
    altered: list[str] = []

    def alter_once(request: Received) -> Answer | None:
        if not is_segment(path_of(request)) or altered:
            return None
        altered.append(path_of(request))
        answer = forward(request)
        return replace(answer, body=flipped(answer.body, 100))

    wire.on_media = alter_once
    path, _ = phone.download(house.sts(video("short")), wire=wire)
    assert altered
    assert frames(path) == expected


@pytest.mark.slow
def test_a_shortened_playlist_makes_no_shorter_film(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    def shorten(request: Received) -> Answer | None:
        if not path_of(request).endswith(".m3u8"):
            return None
        answer = forward(request)
        lines = answer.body.decode().splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("#EXTINF"))
        kept = lines[:first] + lines[first + 2 :]
        return replace(answer, body="\n".join(kept).encode())

    wire.on_media = shorten
    ear = attempt(phone, house, video("long"), wire)
    assert ear.values("error")[0].code is not ErrorCode.NET_ERROR
    assert film_on(phone) == []


def answer_with(wire: Wire, action: str, change: Callable[[dict], dict]) -> None:
    def respond(request: Received) -> Answer:
        answer = forward(request)
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    wire.on_action[action] = respond


def heard(house: House, phone: Phone, vid: str, wire: Wire, action: str) -> dict:
    """Return what the service answered once, as somebody who listens has it."""
    noted: list[dict] = []
    answer_with(wire, action, lambda said: noted.append(said) or said)
    phone.download(house.sts(vid), wire=wire)
    del wire.on_action[action]
    return noted[-1]


def test_the_license_of_another_download_is_not_taken(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    old = heard(house, phone, video("short"), wire, "AcquireDownloadLicense")
    answer_with(wire, "AcquireDownloadLicense", lambda said: {**said, "License": old["License"]})
    attempt(phone, house, video("long"), wire)


def test_digests_of_another_stream_are_not_taken(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    old = heard(house, phone, video("short"), wire, "GetSegmentDigests")
    answer_with(wire, "GetSegmentDigests", lambda said: {**said, **old})
    ear = attempt(phone, house, video("long"), wire)
    assert ear.values("error")[0].code is ErrorCode.ENCRYPT_ERROR


@pytest.mark.parametrize("name", ["Certificate", "Challenge"])
def test_what_another_device_was_told_enrols_nobody(
    new_phone: Callable[[], Phone], house: House, video: Video, wire: Wire, name: str
) -> None:
    app = house.register(AppIdentity.ios_bundle(f"com.example.{name.lower()}"))
    action = {"Certificate": "EnrollDevice", "Challenge": "GetEnrolmentChallenge"}[name]
    old = heard(house, new_phone().load(app), video("short"), wire, action)
    phone = new_phone().load(app)
    answer_with(wire, action, lambda said: {**said, name: old[name]})
    attempt(phone, house, video("short"), wire)
    keys = key_service.current()
    assert keys.vault().load_certificate(keys.unlock().serial) is None


def test_a_listener_hears_no_key_that_opens_the_film(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    """Of our own: the license is wrapped for the device. HLS keys of the CDN need TLS."""
    said: list[bytes] = []

    def listen(request: Received) -> Answer:
        answer = forward(request)
        said.extend((request.target.encode(), request.body, answer.body))
        return answer

    for action in ("AcquireDownloadLicense", "EnrollDevice", "GetEnrolmentChallenge"):
        wire.on_action[action] = listen
    path, _ = phone.download(house.sts(video("short")), wire=wire)
    download_id = Header.peek(path.read_bytes()[:4096]).download_id
    keys = key_service.current()
    secret = keys.open_content_key(download_id, house.clock.now())
    device = keys.vault().device
    scanner = LeakScanner(
        secrets={
            "content key": secret,
            "device key": device.signing.private_bytes_raw(),
            "agreement key": device.kem.private_bytes_raw(),
        },
        media=False,
    )
    assert said
    assert scanner.scan_bytes(b"\0".join(said), "wire") == []


def send(url: str, body: bytes) -> dict:
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310 - loopback
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def recorded(wire: Wire, action: str) -> Received:
    (request,) = [one for one in wire.requests if one.query.get("Action") == action]
    return request


def test_a_recorded_request_is_not_answered_again_nor_after_a_restart(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    phone.download(house.sts(video("short")), wire=wire)
    request = recorded(wire, "AcquireDownloadLicense")
    query = urlsplit(request.target).query
    for _ in range(2):
        answer = send(f"{house.endpoint}/?{query}", request.body)
        assert answer["Code"] == "SignatureNonceUsed"
        house.close()
        house.open()
    fresh = {name: value for name, value in request.query.items() if name != "Signature"}
    signed = signed_parameters(
        "POST",
        {
            n: v
            for n, v in fresh.items()
            if not n.startswith(("Signature", "Security", "AccessKey"))
        },
        house.admin,
        nonce="another",
        timestamp=format_time(house.clock.now()),
    )
    assert PARAMETER in signed
    answer = send(f"{house.endpoint}/?{urlencode(signed)}", request.body)
    assert answer["Code"] == "SignatureNonceUsed", "the device's own nonce counts, whoever signs V1"


def test_a_refused_attack_is_told_by_one_error_of_ours(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    answer_with(wire, "AcquireDownloadLicense", lambda said: {**said, "License": "AAAA"})
    ear = attempt(phone, house, video("short"), wire)
    assert ear.names.count("error") == 1
    assert ear.values("error")[0].message
