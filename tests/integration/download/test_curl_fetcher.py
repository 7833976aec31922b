"""What only a socket shows: stalls in the middle, chunked bodies, redirects."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from vodseal.clock import SystemClock
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Reply, Request
from vodseal.download.retry import Trouble
from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """Answer the first request with ``answer``, and then say nothing more."""
    accepted: list[socket.socket] = []

    def serve() -> None:
        connection, _ = listener.accept()
        accepted.append(connection)
        connection.recv(1 << 16)
        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        finally:
            thread.join()
            for connection in accepted:
                connection.close()


def fetch(url: str, *, limit: int = 1 << 20, **config: float) -> Reply:
    fetcher = CurlFetcher(FetcherConfig(**config), SystemClock())  # type: ignore[arg-type]  # keywords from a table
    fetcher.submit(Request(url=url, limit=limit), ReceiveBuffer())
    replies: list[Reply] = []
    while not replies:
        replies = fetcher.wait(5)
    assert fetcher.received() == 0
    fetcher.close()
    fetcher.close()
    return replies[0]


@pytest.mark.behaviour("B43")
@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 9999\r\n\r\n" + b"x" * 5000])
def test_silence_is_a_stall_wherever_it_falls(sent: bytes) -> None:
    clock = SystemClock()
    began = clock.monotonic()
    with raw_server(sent) as url:
        failure = fetch(url, read_timeout=0.3).failure
    assert failure is not None
    assert failure.trouble is Trouble.STALL
    assert 0.3 <= clock.monotonic() - began < 5


@pytest.mark.behaviour("B37")
def test_a_server_that_drips_is_given_up() -> None:
    """It never stalls: every byte comes long before the timeout."""
    over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
            while not over.wait(0.02):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
            failure = fetch(url, read_timeout=0.5).failure
        finally:
            over.set()
            thread.join()
    assert failure is not None
    assert failure.trouble is Trouble.SLOW


def test_a_chunked_body_has_no_announced_length() -> None:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    with raw_server(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body) as url:
        reply = fetch(url)
    assert reply.failure is None
    assert (bytes(reply.buffer.view), reply.length_announced) == (b"hello", False)


def test_a_chunked_body_ends_at_the_limit() -> None:
    body = b"5000\r\n" + b"x" * 0x5000 + b"\r\n0\r\n\r\n"
    with raw_server(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body) as url:
        reply = fetch(url, limit=0x4FFF)
    assert reply.failure is not None
    assert reply.failure.trouble is Trouble.TOO_LARGE
    assert reply.buffer.size <= 0x4FFF


def test_a_body_that_is_cut_is_no_success() -> None:
    def respond(_: Received) -> Answer:
        return Answer(body=b"half", announced=8)

    with LoopbackServer(respond) as server:
        failure = fetch(server.url).failure
    assert failure is not None
    assert failure.trouble is Trouble.CUT


@pytest.mark.parametrize(
    ("status", "content_range", "body", "trouble"),
    [
        (206, "bytes 10-19/99", b"0123456789", None),
        (206, "bytes 10-19/99", b"012345678", Trouble.LENGTH),
        (206, "bytes 0-9/99", b"0123456789", Trouble.LENGTH),
        (206, "", b"0123456789", Trouble.LENGTH),
        (200, "", b"0123456789", Trouble.NO_RANGES),
    ],
)
def test_a_range_counts_only_as_the_range_that_was_asked_for(
    status: int, content_range: str, body: bytes, trouble: Trouble | None
) -> None:
    def respond(request: Received) -> Answer:
        assert request.headers["range"] == "bytes=10-19"
        headers = {"Content-Range": content_range} if content_range else {}
        return Answer(status=status, headers=headers, body=body)

    with LoopbackServer(respond) as server:
        fetcher = CurlFetcher(FetcherConfig(), SystemClock())
        request = Request(url=server.url, limit=10, start=10, size=10)
        fetcher.submit(request, ReceiveBuffer())
        replies: list[Reply] = []
        while not replies:
            replies = fetcher.wait(5)
        fetcher.close()
    found = replies[0].failure
    assert (found.trouble if found else None) is trouble


def test_a_redirect_is_followed_and_its_headers_do_not_count() -> None:
    def respond(request: Received) -> Answer:
        if request.target == "/a":
            return Answer(status=302, headers={"Location": "/b", "ETag": '"a"'}, body=b"moved")
        return Answer(body=b"there")

    with LoopbackServer(respond) as server:
        reply = fetch(f"{server.url}/a")
        assert reply.failure is None
        assert (bytes(reply.buffer.view), reply.validator) == (b"there", "")
        assert reply.url == f"{server.url}/b"


@pytest.mark.parametrize(("tag", "validator"), [('"v1"', '"v1"'), ('W/"v1"', ""), (None, "")])
def test_only_a_strong_validator_counts(tag: str | None, validator: str) -> None:
    def respond(_: Received) -> Answer:
        return Answer(body=b"x", headers={} if tag is None else {"ETag": tag})

    with LoopbackServer(respond) as server:
        assert fetch(server.url).validator == validator


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://h/"])
def test_other_protocols_are_not_spoken(url: str) -> None:
    failure = fetch(url).failure
    assert failure is not None
    assert failure.trouble is Trouble.URL
