"""What is on the wire, and what becomes of it when the wire is bad."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from vodseal import DownloaderConfig, ErrorCode, MediaDownloader
from vodseal.errors import RequestError
from vodseal.testing.http_server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    from vodseal.testing.http_server import Received

    Video = Callable[..., str]


def refuse_after(wire: Wire, count: int, status: int) -> None:
    """Let ``count`` segments pass, and refuse the others."""

    def answer(request: Received) -> Answer | None:
        path = urlsplit(request.target).path
        if path.endswith(".m3u8") or not path.startswith("/media/") or len(wire.passed) < count:
            return None
        return Answer(status=status)

    wire.on_media = answer


@pytest.mark.behaviour("B37")
@pytest.mark.slow
def test_the_network_drops_mid_way(phone: Phone, house: House, video: Video, wire: Wire) -> None:
    downloader, ear = phone.ready(house.sts(video("long")), wire=wire)
    wire.hold_after(4)
    downloader.start()
    wire.wait_for_segments(4)
    wire.cut()
    assert ear.wait_for("error").code is ErrorCode.NET_ERROR
    assert phone.staged()
    wire.mend()
    ear.forget()
    downloader.start()
    ear.wait_for("completed")


@pytest.mark.behaviour("B38")
@pytest.mark.parametrize("status", [403, 404])
def test_a_media_url_expires_mid_way(phone: Phone, video: Video, wire: Wire, status: int) -> None:
    house = phone.house
    source = house.sts(video("long"))
    downloader, ear = phone.ready(source, wire=wire)
    refuse_after(wire, 4, status)
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.URL_CANNOT_REACH
    kept = phone.staged()
    wire.mend()
    wire.forget()
    ear.forget()
    downloader.update_source(house.sts(video("long")))
    downloader.start()
    ear.wait_for("completed")
    numbers = {int(PurePosixPath(path).stem) for path in wire.segments}
    assert numbers.isdisjoint(sequence for sequence, _ in kept)


@pytest.mark.behaviour("B38")
def test_media_urls_that_expired_in_earnest_are_asked_for_anew(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    vid = video("long")
    house.set("url-auth-seconds", "60")
    try:
        downloader, ear = phone.ready(house.sts(vid), wire=wire)
        wire.hold_after(4)
        downloader.start()
        wire.wait_for_segments(4)
        house.clock.advance(3600)
        wire.release()
        assert ear.wait_for("error").code is ErrorCode.URL_CANNOT_REACH
    finally:
        house.set("url-auth-seconds", "1800")
    ear.forget()
    downloader.update_source(house.sts(vid))
    downloader.start()
    ear.wait_for("completed")


@pytest.mark.behaviour("B40")
def test_the_key_server_refuses(phone: Phone, house: House, video: Video, wire: Wire) -> None:
    def refuse_key(request: Received) -> Answer | None:
        return Answer(status=403) if urlsplit(request.target).path == "/key" else None

    wire.on_media = refuse_key
    downloader, ear = phone.ready(house.sts(video("short")), wire=wire)
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.GET_AES_KEY_FAIL
    wire.mend()
    ear.forget()
    downloader.start()
    ear.wait_for("completed")


@pytest.mark.behaviour("B43")
def test_headers_and_proxy_are_on_the_wire(
    phone: Phone, house: House, video: Video, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")  # what the app says wins
    downloader, ear = phone.ready(house.sts(video("short")), wire=wire)
    config = DownloaderConfig(
        referer="https://app.example/", user_agent="my-app/7", http_proxy=wire.server.url
    )
    downloader.set_downloader_config(config)
    assert downloader.get_downloader_config() is config
    downloader.start()
    ear.wait_for("completed")
    requests = wire.requests
    assert {one.method for one in requests} == {"GET", "POST"}
    assert {one.headers["user-agent"] for one in requests} == {"my-app/7"}
    assert {one.headers["referer"] for one in requests} == {"https://app.example/"}
    assert any(urlsplit(one.target).path == "/key" for one in requests)


@pytest.mark.behaviour("B43")
def test_the_defaults_of_the_config() -> None:
    config = MediaDownloader().get_downloader_config()
    assert (config.connect_timeout_ms, config.network_timeout_ms) == (5_000, 15_000)
    assert (config.referer, config.http_proxy) == ("", "")


@pytest.mark.behaviour("B43")
@pytest.mark.slow
def test_the_read_timeout_is_kept(phone: Phone, house: House, video: Video, wire: Wire) -> None:
    source = house.sts(video("short"))
    downloader, ear = phone.downloader(wire, network_timeout_ms=300)
    downloader.select_item(0)
    downloader.update_source(source)
    wire.hold_after(0)
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.NET_ERROR
    assert len(wire.segments) > len(set(wire.segments))


@pytest.mark.behaviour("B44")
@pytest.mark.parametrize("scope", ["object", "process", "both"])
def test_a_converter_sees_every_media_url(
    phone: Phone, video: Video, wire: Wire, scope: str
) -> None:
    seen: list[tuple[str, str]] = []

    def convert(url: str, hint: str) -> str | None:
        seen.append((urlsplit(url).path, hint))
        return f"{url}&converted=yes" if hint or url.endswith("0") else None

    def unwanted(url: str, hint: str) -> str | None:
        raise AssertionError

    downloader, ear = phone.ready(phone.house.sts(video("short")), wire=wire)
    if scope == "object":
        downloader.set_play_url_convert_callback(convert)
    else:
        MediaDownloader.set_convert_url_callback(unwanted if scope == "both" else convert)
    if scope == "both":
        downloader.set_play_url_convert_callback(convert)
    downloader.start()
    ear.wait_for("completed")
    playlists = [path for path, hint in seen if hint == "m3u8"]
    assert len(playlists) == 1
    assert playlists[0].endswith(".m3u8")
    assert {path for path, hint in seen if not hint} == set(wire.segments)
    converted = [one for one in wire.requests if "converted=yes" in one.target]
    assert any(urlsplit(one.target).path == playlists[0] for one in converted)


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize(
    ("identification", "string", "accepted"),
    [
        ("com.example.app", "Abcdefgh1234567", False),
        ("com.example.app", "Abcdefgh12345678", True),
        ("com.example.app", "Abcdefgh12345678" * 2, True),
        ("com.example.app", "Abcdefgh12345678" * 2 + "9", False),
        ("com.example.app", "abcdefgh12345678", False),
        ("com.example.app", "ABCDEFGH12345678", False),
        ("com.example.app", "Abcdefghijklmnop", False),
        ("com.example.app", "Abcdefgh1234567!", False),
        ("com.example.app", "Äbcdefgh12345678", False),
        ("", "Abcdefgh12345678", False),
        (":".join(["AB"] * 20), "Abcdefgh12345678", True),
        ("AB" * 20, "Abcdefgh12345678", False),
    ],
)
def test_generate_download_secret_key_checks_what_it_is_given(
    house: House,
    identification: str,
    string: str,
    accepted: bool,  # noqa: FBT001 - a column
) -> None:
    values = {"AppIdentification": identification}
    if accepted:
        made = house.ask("GenerateDownloadSecretKey", **values, AppDecryptKey=string)
        assert made["AppEncryptKey"]
        return
    with pytest.raises(RequestError) as caught:
        house.ask("GenerateDownloadSecretKey", **values, AppDecryptKey=string)
    assert string not in json.dumps(caught.value.message)


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize("mode", ["off", "normal"])
def test_generate_download_secret_key_needs_secure_mode(house: House, mode: str) -> None:
    house.set("download-mode", mode)
    with pytest.raises(RequestError):
        house.ask(
            "GenerateDownloadSecretKey",
            AppIdentification="com.example.app",
            AppDecryptKey="Abcdefgh12345678",
        )
