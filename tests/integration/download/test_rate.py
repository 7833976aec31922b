"""The cap on the wire: over all connections and all downloads, and while it is changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from vodseal.clock import SystemClock
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Request
from vodseal.download.rate import RateLimit
from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.download.fetch import Reply

BODY = bytes(range(256)) * 8192
WRITE = 16 << 10


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    def respond(_: Received) -> Answer:
        return Answer(body=BODY)

    with LoopbackServer(respond) as server:
        yield server


class Fetch:
    """Some transfers at once, and how many bytes came when."""

    def __init__(self, url: str, count: int, rate: RateLimit) -> None:
        self.fetcher = CurlFetcher(FetcherConfig(rate=rate), SystemClock())
        self.replies: list[Reply] = []
        self.looks = 0
        for _ in range(count):
            self.fetcher.submit(Request(url=url, limit=len(BODY)), ReceiveBuffer())

    @property
    def received(self) -> int:
        return self.fetcher.received() + sum(reply.buffer.size for reply in self.replies)

    def step(self) -> None:
        self.replies += self.fetcher.wait(5)
        self.looks += 1

    def is_whole(self) -> bool:
        return all(reply.failure is None and reply.buffer.view == BODY for reply in self.replies)


def test_several_connections_stay_within_one_cap(server: LoopbackServer) -> None:
    clock = SystemClock()
    began = clock.monotonic()
    fetch = Fetch(server.url, 4, RateLimit(8_000_000))
    while len(fetch.replies) < 4:
        fetch.step()
        assert fetch.received <= 1.05 * 8_000_000 * (clock.monotonic() - began) + WRITE
    assert fetch.is_whole()
    assert clock.monotonic() - began >= 0.99 * 4 * len(BODY) / 8_000_000
    assert fetch.looks < 2000  # it waits, and does not turn in circles
    fetch.fetcher.close()


def test_two_downloads_stay_within_the_cap_of_both(server: LoopbackServer) -> None:
    clock = SystemClock()
    began = clock.monotonic()
    everybody = RateLimit(8_000_000)
    fetches = [Fetch(server.url, 2, RateLimit(parent=everybody)) for _ in range(2)]

    def run(fetch: Fetch) -> None:
        while len(fetch.replies) < 2:
            fetch.step()

    threads = [threading.Thread(target=run, args=(fetch,)) for fetch in fetches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() - began >= 0.99 * 4 * len(BODY) / 8_000_000
    assert all(fetch.is_whole() for fetch in fetches)
    for fetch in fetches:
        fetch.fetcher.close()


def test_a_cap_that_is_lifted_lets_go_what_waits(server: LoopbackServer) -> None:
    rate = RateLimit(200_000)
    fetch = Fetch(server.url, 3, rate)
    for _ in range(8):
        fetch.step()
    assert fetch.received < len(BODY)
    rate.bytes_per_second = None
    while len(fetch.replies) < 3:
        fetch.step()
    assert fetch.is_whole()
    fetch.fetcher.close()


def test_a_cap_that_comes_late_holds_what_is_under_way(server: LoopbackServer) -> None:
    rate, clock = RateLimit(20_000_000), SystemClock()
    fetch = Fetch(server.url, 1, rate)
    rate.bytes_per_second = None
    while not fetch.received:
        fetch.step()
    rate.bytes_per_second = 2_000_000
    before, began = fetch.received, clock.monotonic()
    while not fetch.replies:
        fetch.step()
        gained = fetch.received - before
        assert gained <= 1.05 * 2_000_000 * (clock.monotonic() - began) + 2 * WRITE
    assert fetch.is_whole()
    fetch.fetcher.close()


def test_a_transfer_that_waits_for_the_cap_is_no_stall(server: LoopbackServer) -> None:
    """At 20 kB/s, a write of 16 kB keeps each of the others waiting beyond the timeout."""
    fetcher = CurlFetcher(FetcherConfig(rate=RateLimit(20_000), read_timeout=0.3), SystemClock())
    for _ in range(3):
        fetcher.submit(Request(url=server.url, limit=len(BODY)), ReceiveBuffer())
    clock = SystemClock()
    until = clock.monotonic() + 2.0
    while clock.monotonic() < until:
        assert fetcher.wait(0.1) == []
    fetcher.close()
