"""The downloading phase on a scripted network: what ends it, and what it costs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.unit.download.stage_world import COUNT, StageWorld, segment_bytes

from vodseal.download.addresses import AddressBook, Cause
from vodseal.download.engine import End, Engine, EngineInput
from vodseal.download.plan import Meter, Piece, pieces_of
from vodseal.download.retry import Failure, RetryPolicy, Trouble
from vodseal.download.sealing import SealingLine
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError
from vodseal.testing.clock import FakeClock
from vodseal.testing.fetcher import FakeFetcher, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.download.addresses import Urls
    from vodseal.download.fetch import ReceiveBuffer, Request

CUT = Failure(trouble=Trouble.CUT)
FORBIDDEN = Failure(trouble=Trouble.STATUS, status=403)


def url(number: int) -> str:
    return f"http://h/s{number}.ts"


class RunningClock(FakeClock):
    """A clock that goes on by a step whenever it is looked at."""

    step = 0.01

    def monotonic(self) -> float:
        self.advance(self.step)
        return super().monotonic()


def never() -> bool:
    return False


@dataclass
class Bench:
    """An engine over a fake network and a real stage."""

    world: StageWorld
    clock: RunningClock = field(default_factory=RunningClock)
    durable: list[int] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    stop: Callable[[], bool] = never
    connections: int = 3
    book: AddressBook | None = None

    def __post_init__(self) -> None:
        resources = {url(n): segment_bytes(n) for n in range(COUNT)}
        self.network = FakeFetcher(resources, self.clock)

    def run(self, *, signed: bool = True) -> End:
        job = self.world.make_job(signed=signed)
        pieces = pieces_of(job)
        staged = self.world.staging.recover(self.world.journal, pieces)
        self.meter = Meter(pieces, None)
        for piece in pieces:
            if piece.key in staged:
                self.meter.add(piece, staged[piece.key].size)
        self.engine = Engine(
            EngineInput(
                pieces=tuple(piece for piece in pieces if piece.key not in staged),
                validator="",
                connections=self.connections,
                policy=RetryPolicy(),
            ),
            fetcher=self.network,
            book=self.book or AddressBook((tuple(s.url for s in job.segments),), self.clock),
            jitter=lambda: 0.0,
            line=SealingLine(
                self.world.staging, self.world.journal, job.digest_algorithm, self.clock
            ),
            meter=self.meter,
            clock=self.clock,
            should_stop=self.stop,
            on_durable=self.note,
            on_look=lambda: self.looks.append(self.meter.percent),
        )
        return self.engine.run()

    def note(self, piece: Piece) -> None:
        self.durable.append(piece.sequence)

    def asked(self) -> list[int]:
        return [int(request.url.split("/s")[1].split(".")[0]) for request in self.network.requests]

    def staged(self) -> list[int]:
        return [row.sequence for row in self.world.journal.pieces()]


@pytest.fixture
def bench(world: StageWorld) -> Bench:
    return Bench(world)


def test_everything_is_fetched_once_and_staged(bench: Bench) -> None:
    assert bench.run() is End.STAGED
    assert sorted(bench.asked()) == list(range(COUNT))
    assert bench.staged() == sorted(bench.durable) == list(range(COUNT))
    assert [bench.world.read(piece) for piece in bench.world.pieces] == [
        segment_bytes(n) for n in range(COUNT)
    ]
    assert bench.meter.percent == 100
    assert bench.engine.received_bytes == sum(len(segment_bytes(n)) for n in range(COUNT))
    assert bench.network.closed


def test_no_more_is_on_its_way_to_the_disk_than_there_are_connections(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kill costs: at most one segment for each connection."""
    asked: list[int] = []
    looks, on_disk = 0, threading.Event()
    staging = bench.world.staging
    seal = type(staging).seal

    def seal_when_told(*arguments: object) -> object:
        assert on_disk.wait(30)
        return seal(*arguments)

    def asked_meanwhile() -> bool:
        nonlocal looks
        looks += 1
        if looks == 50:
            asked.extend(bench.asked())
            on_disk.set()
        return False

    monkeypatch.setattr(type(staging), "seal", seal_when_told)
    bench.stop = asked_meanwhile
    bench.clock.step = 0.06
    assert bench.run() is End.STAGED
    assert len(asked) == bench.connections < COUNT


def test_a_network_trouble_is_waited_out(bench: Bench) -> None:
    bench.clock.step = 1.0
    bench.network.script(url(2), *[Step(failure=CUT)] * 5)
    assert bench.run() is End.STAGED
    assert bench.asked().count(2) == 6


@pytest.mark.behaviour("B37")
def test_a_network_that_stays_away_is_a_named_error(bench: Bench) -> None:
    bench.clock.step = 1.0
    for number in range(COUNT):
        bench.network.script(url(number), *[Step(failure=CUT)] * 30)
    with pytest.raises(DownloadError) as caught:
        bench.run()
    assert caught.value.code is ErrorCode.NET_ERROR
    assert max(map(bench.asked().count, range(COUNT))) == RetryPolicy().network_attempts
    assert bench.network.closed


@pytest.mark.behaviour("B38")
def test_a_refused_url_ends_the_run_and_keeps_what_is_there(bench: Bench) -> None:
    bench.connections = 1
    bench.network.script(url(3), Step(failure=FORBIDDEN), Step(failure=FORBIDDEN))
    with pytest.raises(DownloadError) as caught:
        bench.run()
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    assert "403" in caught.value.message
    assert bench.staged() == [0, 1, 2, 4, 5]
    bench.network.requests.clear()
    assert bench.run() is End.STAGED
    assert bench.asked() == [3]


@pytest.mark.parametrize("signed", [True, False])
def test_wrong_bytes_are_fetched_again(bench: Bench, *, signed: bool) -> None:
    bench.network.script(url(1), Step(data=b"<html>"), Step(data=segment_bytes(1)[:-7]))
    assert bench.run(signed=signed) is End.STAGED
    assert bench.asked().count(1) == 3
    assert bench.world.read(bench.world.pieces[1]) == segment_bytes(1)


def test_wrong_bytes_for_ever_are_a_named_error_and_never_staged(bench: Bench) -> None:
    bench.network.script(url(1), *[Step(data=segment_bytes(2))] * 9)
    with pytest.raises(DownloadError) as caught:
        bench.run()
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    assert bench.asked().count(1) == 3
    assert 1 not in bench.staged()


def test_a_pause_does_not_hold_up_the_others(bench: Bench) -> None:
    bench.connections = 1
    bench.network.script(url(0), Step(failure=CUT))
    assert bench.run() is End.STAGED
    assert bench.asked()[:2] == [0, 1]
    assert bench.asked().count(0) == 2


@pytest.mark.behaviour("B21")
def test_a_stop_keeps_what_arrived_and_the_next_run_fetches_the_rest(bench: Bench) -> None:
    bench.network.script(url(4), Step(stalled=True))
    bench.network.script(url(5), Step(stalled=True))
    bench.stop = lambda: len(bench.durable) == 4
    assert bench.run() is End.STOPPED
    assert bench.staged() == [0, 1, 2, 3]
    bench.network.requests.clear()
    bench.stop = never
    assert bench.run() is End.STAGED
    assert sorted(bench.asked()) == [4, 5]
    assert bench.meter.percent == 100


def test_a_stop_before_anything_asks_nobody(bench: Bench) -> None:
    bench.stop = lambda: True
    assert bench.run() is End.STOPPED
    assert bench.asked() == []


def test_no_more_connections_than_allowed(bench: Bench) -> None:
    gate = threading.Event()
    for number in range(COUNT):
        bench.network.script(url(number), Step(after=gate))
    at_once: list[int] = []

    def look() -> bool:
        at_once.append(len(bench.network.requests))
        if len(at_once) == 3:
            gate.set()
        return False

    bench.connections = 2
    bench.stop = look
    assert bench.run() is End.STAGED
    assert at_once[:3] == [0, 2, 2]


def test_large_segments_are_fetched_fewer_at_a_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vodseal.download.engine._MEMORY_BUDGET", 3 * len(segment_bytes(0)))
    at_once: list[int] = []
    submit, bench.connections = bench.network.submit, COUNT

    def note(request: Request, buffer: ReceiveBuffer) -> None:
        submit(request, buffer)
        at_once.append(len(bench.network._active))

    bench.network.submit = note  # type: ignore[method-assign]  # the test stands in its place
    bench.network.script(url(0), Step())
    for number in range(1, COUNT):
        bench.network.script(url(number), Step(failure=CUT), Step(failure=CUT))
    assert bench.run() is End.STAGED
    assert max(at_once[:COUNT]) == COUNT  # nobody knew how large they are
    assert max(at_once[COUNT:]) <= 3


def test_a_changed_file_ends_the_round(bench: Bench) -> None:
    bench.network.script(url(0), Step(failure=Failure(trouble=Trouble.CHANGED)))
    assert bench.run() is End.CHANGED


def test_percents_grow(bench: Bench) -> None:
    bench.network.script(url(3), Step(failure=CUT), Step(data=b"no"))
    bench.run()
    assert bench.looks == sorted(bench.looks)


def test_a_piece_that_is_too_large_is_refused_by_its_size(bench: Bench) -> None:
    huge = Failure(trouble=Trouble.TOO_LARGE)
    bench.network.script(url(0), Step(failure=huge))
    with pytest.raises(DownloadError) as caught:
        bench.run()
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH


def test_a_disk_that_fails_ends_the_run_with_its_number(bench: Bench) -> None:
    bench.world.stage.path.rename(bench.world.stage.path.with_name("moved"))
    (bench.world.stage.path.with_name("moved")).rmdir()
    with pytest.raises(DownloadError) as caught:
        bench.run()
    assert caught.value.code is ErrorCode.WRITE_ERROR


def test_a_length_that_nobody_announced_is_remembered(bench: Bench) -> None:
    bench.run()
    assert bench.engine.lengths_announced
    bench.world.staging.discard(bench.world.journal, (0, 0))
    del bench.network.resources[url(0)]
    bench.network.script(url(0), Step(data=segment_bytes(0)))
    assert bench.run() is End.STAGED
    assert not bench.engine.lengths_announced


class FreshUrls:
    """Gives URLs with another query, as often as it is asked."""

    def __init__(self, *urls: str, give: bool = True) -> None:
        self.urls, self.give, self.asked, self.is_due = urls, give, 0, False

    def renew(self, cause: Cause, *, again: bool) -> Urls | None:
        self.asked, self.is_due = self.asked + 1, False
        fresh = f"?{cause.name}{self.asked}{again}"
        return (tuple(url + fresh for url in self.urls),) if self.give else None


def with_renewer(bench: Bench, *, give: bool = True) -> FreshUrls:
    urls = tuple(url(number) for number in range(COUNT))
    renewer = FreshUrls(*urls, give=give)
    bench.book = AddressBook((urls,), bench.clock, renewer)
    return renewer


@pytest.mark.behaviour("B51")
def test_refused_urls_are_renewed_and_nothing_is_fetched_twice(bench: Bench) -> None:
    renewer = with_renewer(bench)
    for number in range(3, COUNT):
        bench.network.script(url(number), Step(failure=FORBIDDEN))
    assert bench.run() is End.STAGED
    assert renewer.asked >= 1
    served = [request.url for request in bench.network.requests if "?" in request.url]
    assert {one.partition("?")[0] for one in served} >= {url(number) for number in range(6, COUNT)}
    assert max(map(bench.asked().count, range(COUNT))) == 2
    assert [bench.asked().count(number) for number in range(3)] == [1, 1, 1]


@pytest.mark.behaviour("B38", "B51")
@pytest.mark.parametrize("give", [True, False])
def test_a_url_that_stays_refused_is_given_up(bench: Bench, *, give: bool) -> None:
    renewer = with_renewer(bench, give=give)
    bench.network.script(url(COUNT - 1), *[Step(failure=FORBIDDEN)] * 50)
    with pytest.raises(DownloadError) as caught:
        bench.run()
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    assert renewer.asked <= 4
    assert bench.asked().count(COUNT - 1) <= 6
    assert bench.staged() == list(range(COUNT - 1))


def test_a_changed_source_is_taken_up_while_running(bench: Bench) -> None:
    renewer = with_renewer(bench)
    renewer.is_due = True
    gate = threading.Event()
    bench.connections = 1
    bench.network.script(url(0), Step(after=gate))

    def open_when_renewed() -> bool:
        assert bench.book is not None
        if bench.book.address(0).version > 0:
            gate.set()
        return False

    bench.stop = open_when_renewed
    assert bench.run() is End.STAGED
    assert ["?" in request.url for request in bench.network.requests] == [False] + [True] * (
        COUNT - 1
    )


@pytest.mark.parametrize("failure", [CUT, FORBIDDEN, Failure(trouble=Trouble.TLS)])
@pytest.mark.parametrize("signed", [True, False])
def test_a_mirror_takes_over(bench: Bench, failure: Failure, *, signed: bool) -> None:
    mirror = {url(n).replace("//h", "//mirror"): segment_bytes(n) for n in range(COUNT)}
    bench.network.resources.update(mirror)
    bench.book = AddressBook((tuple(map(url, range(COUNT))), tuple(mirror)), bench.clock)
    for number in range(2, COUNT):
        bench.network.script(url(number), *[Step(failure=failure)] * 50)
    assert bench.run(signed=signed) is End.STAGED
    assert max(map(bench.asked().count, range(COUNT))) == 2
    assert [bench.world.read(piece) for piece in bench.world.pieces] == [
        segment_bytes(n) for n in range(COUNT)
    ]


def test_a_mirror_with_other_bytes_is_not_believed(bench: Bench) -> None:
    mirror = tuple(url(n).replace("//h", "//mirror") for n in range(COUNT))
    bench.network.resources.update(dict.fromkeys(mirror, b"other bytes"))
    bench.book = AddressBook((mirror, tuple(map(url, range(COUNT)))), bench.clock)
    assert bench.run() is End.STAGED
    assert [bench.world.read(piece) for piece in bench.world.pieces] == [
        segment_bytes(n) for n in range(COUNT)
    ]


def test_a_server_that_is_asked_too_much_is_asked_less(bench: Bench) -> None:
    bench.connections = 4
    busy = Failure(trouble=Trouble.STATUS, status=503)
    bench.network.script(url(0), Step(failure=busy))
    at_once: list[int] = []
    submit = bench.network.submit

    def count(request: Request, buffer: ReceiveBuffer) -> None:
        submit(request, buffer)
        at_once.append(len(bench.network._active))

    bench.network.submit = count  # type: ignore[method-assign]
    assert bench.run() is End.STAGED
    assert max(at_once[:4]) == 4
    assert max(at_once[4:]) <= 2
