"""TLS to a real server: pins, HTTP/2 where it is offered, and caps over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.certificates import make_certificate
from tests.integration.download.tls_server import serve_tls

from vodseal.clock import SystemClock
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Request
from vodseal.download.rate import RateLimit
from vodseal.download.retry import Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.download.fetch import Reply

COUNT = 12
SIZE = 300_000


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(COUNT):
        (root / f"{number}.ts").write_bytes(bytes([number]) * SIZE)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    return root


def fetch_all(url: str, count: int = COUNT, **config: object) -> list[Reply]:
    """Fetch so many files, eight at a time, and return the replies in order of their names."""
    fetcher = CurlFetcher(FetcherConfig(**config), SystemClock())  # type: ignore[arg-type]
    waiting = [f"{url}/{number}.ts" for number in range(count)]
    replies: list[Reply] = []
    free = 8
    while len(replies) < count:
        while waiting and free:
            free -= 1
            fetcher.submit(Request(url=waiting.pop(), limit=SIZE), ReceiveBuffer(1))
        ended = fetcher.wait(5)
        free += len(ended)
        replies += ended
    fetcher.close()
    return sorted(replies, key=lambda reply: int(reply.request.url.rpartition("/")[2][:-3]))


def is_whole(replies: list[Reply]) -> bool:
    return all(
        reply.failure is None and reply.buffer.view == bytes([number]) * SIZE
        for number, reply in enumerate(replies)
    )


@pytest.mark.parametrize("http2", [True, False])
def test_http_2_is_spoken_where_it_is_offered(tmp_path: Path, root: Path, *, http2: bool) -> None:
    make_certificate(tmp_path / "own.pem")
    with serve_tls(root, tmp_path / "nginx", tmp_path / "own.pem", http2=http2) as server:
        assert is_whole(fetch_all(server.url))
        noted = server.noted()
    assert {one.protocol for one in noted} == {"HTTP/2.0" if http2 else "HTTP/1.1"}
    assert len(noted) == COUNT
    assert len({one.connection for one in noted}) <= 8


def test_a_cap_holds_over_transfers_that_share_a_connection(tmp_path: Path, root: Path) -> None:
    make_certificate(tmp_path / "own.pem")
    clock = SystemClock()
    with serve_tls(root, tmp_path / "nginx", tmp_path / "own.pem") as server:
        began = clock.monotonic()
        assert is_whole(fetch_all(server.url, rate=RateLimit(3_000_000)))
    assert clock.monotonic() - began >= 0.99 * COUNT * SIZE / 3_000_000


@pytest.mark.parametrize("held", ["own", "second", "other"])
def test_a_pinned_key_is_the_only_one_that_counts(tmp_path: Path, root: Path, held: str) -> None:
    pin = make_certificate(tmp_path / "own.pem")
    other = make_certificate(tmp_path / "other.pem")
    pins = {"own": pin, "second": f"{other};{pin}", "other": other}[held]
    with serve_tls(root, tmp_path / "nginx", tmp_path / "own.pem") as server:
        replies = fetch_all(server.url, 1, pinned_public_key=pins)
        noted = server.noted()
    if held != "other":
        assert is_whole(replies)
        return
    assert replies[0].failure is not None
    assert replies[0].failure.trouble is Trouble.TLS
    assert noted == []


def test_a_certificate_that_nobody_signed_is_refused(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificate(tmp_path / "own.pem")
    monkeypatch.delenv("SSL_CERT_FILE")
    with serve_tls(root, tmp_path / "nginx", tmp_path / "own.pem") as server:
        failure = fetch_all(server.url, 1)[0].failure
    assert failure is not None
    assert failure.trouble is Trouble.TLS


def test_with_a_pin_nothing_travels_in_clear() -> None:
    failure = fetch_all("http://127.0.0.1:9", 1, pinned_public_key="sha256//" + "A" * 43 + "=")
    assert failure[0].failure is not None
    assert failure[0].failure.trouble is Trouble.URL
