"""Where a piece is asked for: mirrors, renewals, and their end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from vodseal.download.addresses import AddressBook, Cause
from vodseal.download.retry import Failure, Trouble
from vodseal.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.download.addresses import Urls

REFUSED = Failure(trouble=Trouble.STATUS, status=403)
CUT = Failure(trouble=Trouble.CUT)


@dataclass
class FakeRenewer:
    """Gives what it was told to give, when it is let."""

    answers: list[Urls | None] = field(default_factory=list)
    asked: list[tuple[Cause, bool]] = field(default_factory=list)
    is_due: bool = False
    gate: threading.Event = field(default_factory=threading.Event)

    def renew(self, cause: Cause, *, again: bool) -> Urls | None:
        self.asked.append((cause, again))
        self.is_due = False
        assert self.gate.wait(20)
        return self.answers.pop(0) if self.answers else None


@pytest.fixture
def renewer() -> Iterator[FakeRenewer]:
    made = FakeRenewer()
    made.gate.set()
    yield made
    made.gate.set()


def settle(book: AddressBook) -> None:
    """Wait until a renewal that is under way has ended and is taken over."""
    pause = threading.Event()
    for _ in range(2000):
        if book.look():
            return
        pause.wait(0.005)
    raise AssertionError("no renewal ended")


def test_without_a_renewer_a_refusal_is_final() -> None:
    book = AddressBook((("a", "b"),), FakeClock())
    address = book.address(1)
    assert (address.url, address.mirror, address.version) == ("b", 0, 0)
    book.fail(address, REFUSED)
    assert not book.renews(address)
    assert not book.is_elsewhere(address)
    assert not book.look()


def test_a_refused_url_waits_for_a_fresh_one(renewer: FakeRenewer) -> None:
    renewer.answers = [(("new",),)]
    renewer.gate.clear()
    book = AddressBook((("old",),), FakeClock(), renewer)
    address = book.address(0)
    book.fail(address, REFUSED)
    assert book.renews(address)
    assert book.renews(address)  # another piece, refused as well
    assert book.is_waiting
    assert not book.look()
    renewer.gate.set()
    settle(book)
    assert not book.is_waiting
    assert book.is_elsewhere(address)
    assert not book.renews(address)  # there is a newer one already
    assert book.address(0).url == "new"
    assert renewer.asked == [(Cause.REFUSED, False)]


def test_renewals_in_vain_end_and_progress_forgives_them(renewer: FakeRenewer) -> None:
    renewer.answers = [(("1",),), (("2",),), (("3",),)]
    book = AddressBook((("0",),), FakeClock(), renewer)
    for again in (False, True):
        assert book.renews(book.address(0))
        settle(book)
        assert renewer.asked[-1] == (Cause.REFUSED, again)
    assert not book.renews(book.address(0))
    book.succeed(book.address(0))
    assert book.renews(book.address(0))
    settle(book)
    assert book.address(0).url == "3"


def test_what_is_not_renewed_stays(renewer: FakeRenewer) -> None:
    book = AddressBook((("old",),), FakeClock(), renewer)
    address = book.address(0)
    assert book.renews(address)
    settle(book)
    assert not book.is_elsewhere(address)
    assert book.address(0).url == "old"


def test_what_is_due_is_renewed_without_waiting(renewer: FakeRenewer) -> None:
    renewer.answers, renewer.is_due = [(("new",),)], True
    renewer.gate.clear()
    book = AddressBook((("old",),), FakeClock(), renewer)
    assert not book.look()
    assert not book.is_waiting
    assert book.address(0).url == "old"
    assert book.renews(book.address(0))  # one that is refused meanwhile waits for the same
    assert book.is_waiting
    renewer.gate.set()
    settle(book)
    assert book.address(0).url == "new"
    assert renewer.asked == [(Cause.DUE, False)]


def test_a_mirror_is_asked_when_the_first_fails() -> None:
    clock = FakeClock()
    book = AddressBook((("a",), ("b",)), clock)
    first = book.address(0)
    book.fail(first, CUT)
    assert book.is_elsewhere(first)
    second = book.address(0)
    assert (second.url, second.mirror) == ("b", 1)
    book.fail(second, CUT)
    assert not book.is_elsewhere(second)
    clock.advance(31)
    assert book.address(0).url == "a"


def test_the_urls_on_a_mirror_are_learned_when_they_are_needed(renewer: FakeRenewer) -> None:
    clock = FakeClock()
    book = AddressBook((("a",), None), clock, renewer)
    first = book.address(0)
    book.fail(first, CUT)
    assert renewer.asked == [(Cause.MIRROR, False)]
    assert not book.is_elsewhere(first)
    settle(book)
    assert book.address(0).url == "a"
    book.fail(first, CUT)
    assert len(renewer.asked) == 1  # not again at once
    renewer.answers = [(("a",), ("b",))]
    clock.advance(61)
    book.succeed(first)
    book.fail(first, CUT)
    settle(book)
    assert book.address(0).url == "b"


def test_a_refusal_is_tried_on_the_mirror_before_it_is_renewed(renewer: FakeRenewer) -> None:
    renewer.answers = [(("a2",), ("b2",))]
    book = AddressBook((("a",), ("b",)), FakeClock(), renewer)
    first = book.address(0)
    book.fail(first, REFUSED)
    assert not book.renews(first)
    second = book.address(0)
    assert second.url == "b"
    book.fail(second, REFUSED)
    assert book.renews(second)
    settle(book)
    assert book.address(0).version == 1


def test_closing_waits_for_the_thread(renewer: FakeRenewer) -> None:
    book = AddressBook((("old",),), FakeClock(), renewer)
    assert book.renews(book.address(0))
    book.close()
    book.close()
    assert not [one for one in threading.enumerate() if one.name == "vodseal-renewal"]
