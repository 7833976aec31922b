"""Too old, too early, or seen before (wire 2)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import RpcError
from vodseal.rpc.replay import WINDOW_SECONDS, NonceWindow, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_767_323_045.0


def refusal(window: NonceWindow, nonce: str, at: float | None, now: float = NOW) -> str | None:
    try:
        window.use("key", nonce, None if at is None else format_time(at), now)
    except RpcError as error:
        return error.server_code
    return None


def test_the_window_is_a_quarter_of_an_hour() -> None:
    assert WINDOW_SECONDS == 900


def test_times_are_iso_utc() -> None:
    assert format_time(NOW) == "2026-01-02T03:04:05Z"
    assert parse_time("2026-01-02T03:04:05Z") == NOW


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock on the wall is eight hours ahead."""
    monkeypatch.setenv("TZ", "UTC-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process is POSIX's")
@pytest.mark.usefixtures("far_east")
def test_times_are_utc_wherever_the_machine_is() -> None:
    assert format_time(NOW) == "2026-01-02T03:04:05Z"
    assert parse_time("2026-01-02T03:04:05Z") == NOW


def test_a_window_without_a_beginning_takes_the_first_second_there_is() -> None:
    assert refusal(NonceWindow(), "n", 0, now=0) is None


def test_a_nonce_of_half_a_character_is_a_nonce() -> None:
    window = NonceWindow()
    assert refusal(window, "\ud800", NOW) is None
    assert refusal(window, "\ud800", NOW) == "SignatureNonceUsed"


@given(st.integers(min_value=0, max_value=4_102_444_800))
def test_a_time_reads_back(instant: int) -> None:
    assert parse_time(format_time(instant)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+00:00",
        "2026-13-02T03:04:05Z",
        "nonsense",
        "1767323045",
    ],
)
def test_other_forms_of_a_time_are_refused(text: str) -> None:
    with pytest.raises(RpcError) as caught:
        parse_time(text)
    assert caught.value.server_code == "InvalidTimeStamp.Format"


@pytest.mark.parametrize("offset", [0, WINDOW_SECONDS, -WINDOW_SECONDS])
def test_a_time_within_fifteen_minutes_is_fresh(offset: float) -> None:
    assert refusal(NonceWindow(), "n", NOW + offset) is None


@pytest.mark.parametrize("offset", [WINDOW_SECONDS + 1, -WINDOW_SECONDS - 1])
def test_a_time_beyond_is_not_and_its_nonce_is_not_noted(offset: float) -> None:
    window = NonceWindow()
    assert refusal(window, "n", NOW + offset) == "InvalidTimeStamp.Expired"
    assert refusal(window, "n", NOW) is None


def test_players_send_no_time_at_all() -> None:
    window = NonceWindow()
    assert refusal(window, "n", None) is None
    assert refusal(window, "n", None) == "SignatureNonceUsed"


def test_a_nonce_serves_each_key_once() -> None:
    window = NonceWindow()
    window.use("one", "n", None, NOW)
    window.use("two", "n", None, NOW)
    with pytest.raises(RpcError) as caught:
        window.use("one", "n", None, NOW + WINDOW_SECONDS)
    assert caught.value.server_code == "SignatureNonceUsed"


def test_a_request_from_a_fast_clock_cannot_be_replayed_while_it_is_fresh() -> None:
    window = NonceWindow()
    ahead = NOW + WINDOW_SECONDS
    assert refusal(window, "n", ahead) is None
    for later in (WINDOW_SECONDS + 1, 2 * WINDOW_SECONDS):
        assert refusal(window, "n", ahead, NOW + later) == "SignatureNonceUsed"
    assert refusal(window, "n", ahead, NOW + 2 * WINDOW_SECONDS + 1) == "InvalidTimeStamp.Expired"


@given(
    st.floats(min_value=-WINDOW_SECONDS, max_value=WINDOW_SECONDS).map(round),
    st.floats(min_value=0, max_value=4 * WINDOW_SECONDS).map(round),
)
def test_no_request_with_a_time_is_accepted_twice(offset: int, later: int) -> None:
    window = NonceWindow()
    assert refusal(window, "n", NOW + offset) is None
    assert refusal(window, "n", NOW + offset, NOW + later) is not None


def test_nonces_are_forgotten_in_the_end() -> None:
    window = NonceWindow()
    for number in range(1000):
        window.use("key", f"n{number}", None, NOW)
    assert len(window) == 1000
    window.use("key", "last", None, NOW + WINDOW_SECONDS + 1)
    assert len(window) == 1


@pytest.mark.parametrize(
    ("nonce", "code"),
    [("", "MissingSignatureNonce"), ("n" * 257, "InvalidParameter.SignatureNonce")],
)
def test_a_nonce_has_a_size(nonce: str, code: str) -> None:
    window = NonceWindow()
    assert refusal(window, nonce, None) == code
    assert len(window) == 0
    assert refusal(window, "n" * 256, None) is None


def test_one_caller_cannot_fill_the_memory_nor_lock_out_another() -> None:
    window = NonceWindow(max_per_caller=3)
    for number in range(3):
        window.use("greedy", str(number), None, NOW)
    with pytest.raises(RpcError) as caught:
        window.use("greedy", "3", None, NOW)
    assert caught.value.server_code == "Throttling.User"
    window.use("other", "3", None, NOW)
    window.use("greedy", "4", None, NOW + WINDOW_SECONDS + 1)


def test_the_limit_of_a_caller_counts_what_is_not_forgotten() -> None:
    window = NonceWindow(max_per_caller=3)
    for number, at in enumerate((NOW, NOW + 600, NOW + 600)):
        window.use("key", str(number), None, at)
    later = NOW + WINDOW_SECONDS + 1
    window.use("key", "3", None, later)
    with pytest.raises(RpcError) as caught:
        window.use("key", "4", None, later)
    assert caught.value.server_code == "Throttling.User"
    assert len(window) == 3


def test_a_window_goes_on_where_another_ended() -> None:
    before = NonceWindow()
    before.use("key", "early", format_time(NOW), NOW - WINDOW_SECONDS)
    before.use("key", "late", format_time(NOW), NOW)
    after = NonceWindow(before.remembered(NOW))
    assert refusal(after, "late", NOW) == "SignatureNonceUsed"
    assert refusal(after, "early", NOW) == "SignatureNonceUsed"
    assert refusal(after, "another", NOW) is None
    assert refusal(after, "late", NOW + WINDOW_SECONDS, NOW + WINDOW_SECONDS + 1) is None
    assert len(before.remembered(NOW + WINDOW_SECONDS + 1)) == 0


def test_what_goes_on_counts_for_its_caller() -> None:
    before = NonceWindow()
    for nonce in "abc":
        before.use("key", nonce, None, NOW)
    after = NonceWindow(before.remembered(NOW), max_per_caller=3)
    assert refusal(after, "d", NOW) == "Throttling.User"


def test_a_window_that_knows_nothing_of_before_takes_nothing_from_before() -> None:
    window = NonceWindow(not_before=NOW + 0.7)
    assert refusal(window, "a", NOW - 1) == "InvalidTimeStamp.Expired"
    assert refusal(window, "b", NOW) is None
    assert refusal(window, "c", None) is None
