"""The fake network keeps the promises of the real one: both pass the same tests."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from vodseal.clock import SystemClock
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.fetch import Fetcher, FetcherConfig, ReceiveBuffer, Reply, Request
from vodseal.download.retry import Failure, Trouble
from vodseal.testing.clock import FakeClock
from vodseal.testing.fetcher import FakeFetcher, Step
from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = bytes(range(256)) * 40
WHOLE = "http://h/whole.ts"


class Network:
    """A fetcher, and where its resources are."""

    def __init__(self, fetcher: Fetcher, base: str) -> None:
        self.fetcher = fetcher
        self.base = base

    def fetch(self, name: str, **request: object) -> Reply:
        values: dict[str, object] = {"limit": 1 << 20, **request}
        self.fetcher.submit(
            Request(url=f"{self.base}/{name}?auth_key=1", **values),  # type: ignore[arg-type]  # keywords from a table
            ReceiveBuffer(),
        )
        replies: list[Reply] = []
        while not replies:
            replies = self.fetcher.wait(5)
        return replies[0]


def respond(request: Received) -> Answer:
    path = request.target.partition("?")[0]
    if path != "/whole.ts":
        return Answer(status=404)
    asked = request.headers.get("range")
    if asked is None:
        return Answer(body=DATA, headers={"ETag": '"v1"'})
    first, last = (int(text) for text in asked.removeprefix("bytes=").split("-"))
    body = DATA[first : last + 1]
    content_range = f"bytes {first}-{first + len(body) - 1}/{len(DATA)}"
    return Answer(status=206, body=body, headers={"Content-Range": content_range, "ETag": '"v1"'})


@pytest.fixture(params=["fake", "real"])
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    if request.param == "fake":
        fake = FakeFetcher({WHOLE: DATA}, FakeClock())
        fake.validators[WHOLE] = '"v1"'
        yield Network(fake, "http://h")
        return
    with (
        LoopbackServer(respond) as server,
        contextlib.closing(CurlFetcher(FetcherConfig(), SystemClock())) as fetcher,
    ):
        yield Network(fetcher, server.url)


def test_a_whole_resource(network: Network) -> None:
    reply = network.fetch("whole.ts")
    assert reply.failure is None
    assert bytes(reply.buffer.view) == DATA
    assert (reply.total_size, reply.validator, reply.length_announced) == (len(DATA), '"v1"', True)
    assert reply.url.startswith(f"{network.base}/whole.ts")


@pytest.mark.parametrize(("start", "size"), [(0, 1), (100, 1000), (len(DATA) - 7, 7)])
def test_a_range(network: Network, start: int, size: int) -> None:
    reply = network.fetch("whole.ts", start=start, size=size, limit=size)
    assert reply.failure is None
    assert bytes(reply.buffer.view) == DATA[start : start + size]
    assert reply.total_size == len(DATA)


def test_what_is_not_there(network: Network) -> None:
    assert network.fetch("other.ts").failure == Failure(trouble=Trouble.STATUS, status=404)


def test_never_more_than_the_limit(network: Network) -> None:
    reply = network.fetch("whole.ts", limit=len(DATA) - 1)
    assert reply.failure == Failure(trouble=Trouble.TOO_LARGE)
    assert reply.buffer.size < len(DATA)


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_another_size_than_the_one_that_is_known(network: Network, size: int) -> None:
    assert network.fetch("whole.ts", size=size).failure == Failure(trouble=Trouble.LENGTH)


def test_a_range_beyond_the_end(network: Network) -> None:
    reply = network.fetch("whole.ts", start=len(DATA) - 5, size=10)
    assert reply.failure == Failure(trouble=Trouble.LENGTH)


def test_waiting_for_nothing_and_closing_twice(network: Network) -> None:
    assert network.fetcher.wait(60) == []
    network.fetcher.close()
    network.fetcher.close()


@pytest.mark.behaviour("B43")
@pytest.mark.parametrize("referer", ["", "https://app.example/"])
def test_a_referer_is_sent_only_when_there_is_one(referer: str) -> None:
    config = FetcherConfig(referer=referer)
    with (
        LoopbackServer(respond) as server,
        contextlib.closing(CurlFetcher(config, SystemClock())) as fetcher,
    ):
        Network(fetcher, server.url).fetch("whole.ts")
        assert server.received[0].headers.get("referer", "") == referer
        assert ("referer" in server.received[0].headers) == bool(referer)


def submit(fetcher: FakeFetcher) -> None:
    fetcher.submit(Request(url=f"{WHOLE}?auth_key=2", limit=1 << 20), ReceiveBuffer())


def test_a_script_is_followed_and_then_used_up() -> None:
    network = Network(fake := FakeFetcher({WHOLE: DATA}, FakeClock()), "http://h")
    cut = Failure(trouble=Trouble.CUT)
    fake.script(WHOLE, Step(failure=cut), Step(data=b"other"))
    fake.script(WHOLE, Step())
    assert network.fetch("whole.ts").failure == cut
    assert bytes(network.fetch("whole.ts").buffer.view) == b"other"
    assert bytes(network.fetch("whole.ts").buffer.view) == DATA
    assert bytes(network.fetch("whole.ts").buffer.view) == DATA
    assert [request.url for request in fake.requests] == [f"{WHOLE}?auth_key=1"] * 4


def test_a_stall_lasts_until_it_is_given_up_and_the_clock_moves_on() -> None:
    clock = FakeClock()
    fetcher = FakeFetcher({WHOLE: DATA}, clock)
    fetcher.script(WHOLE, Step(stalled=True))
    submit(fetcher)
    for _ in range(3):
        assert fetcher.wait(2.5) == []
    assert clock.monotonic() == 7.5
    assert fetcher.received() == 0
    fetcher.close()
    assert fetcher.closed
    assert fetcher.wait(2.5) == []


def test_a_delay_ends_with_its_event_and_lets_others_pass() -> None:
    fetcher = FakeFetcher({WHOLE: DATA}, FakeClock())
    event = threading.Event()
    fetcher.script(WHOLE, Step(after=event))
    submit(fetcher)
    submit(fetcher)
    assert len(fetcher.wait(0)) == 1
    assert fetcher.wait(0) == []
    other = threading.Timer(0, event.set)
    other.start()
    assert len(fetcher.wait(60)) == 1
    other.join()
