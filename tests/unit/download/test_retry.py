"""Retries end, progress forgives, and the number is honest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.download.retry import Failure, RetryPolicy, Trouble, Verdict, decide
from vodseal.error_codes import ErrorCode

POLICY = RetryPolicy()


def attempts_until_given_up(failure: Failure) -> tuple[int, Verdict]:
    for attempts in range(1, 100):
        verdict = decide(POLICY, failure, attempts=attempts, attempts_since_progress=attempts)
        if verdict.pause is None:
            return attempts, verdict
    raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("trouble", "attempts", "code"),
    [
        (Trouble.CONNECT, 6, ErrorCode.NET_ERROR),
        (Trouble.STALL, 6, ErrorCode.NET_ERROR),
        (Trouble.CUT, 6, ErrorCode.NET_ERROR),
        (Trouble.LENGTH, 6, ErrorCode.NET_ERROR),
        (Trouble.TLS, 1, ErrorCode.NET_ERROR),
        (Trouble.URL, 1, ErrorCode.URL_CANNOT_REACH),
        (Trouble.REDIRECT, 1, ErrorCode.URL_CANNOT_REACH),
        (Trouble.DIGEST, 3, ErrorCode.URL_CANNOT_REACH),
        (Trouble.STRUCTURE, 3, ErrorCode.URL_CANNOT_REACH),
        (Trouble.TOO_LARGE, 1, ErrorCode.URL_CANNOT_REACH),
        (Trouble.CHANGED, 1, ErrorCode.URL_CANNOT_REACH),
        (Trouble.NO_RANGES, 1, ErrorCode.URL_CANNOT_REACH),
    ],
)
def test_each_trouble_has_its_patience_and_its_number(
    trouble: Trouble, attempts: int, code: ErrorCode
) -> None:
    count, verdict = attempts_until_given_up(Failure(trouble=trouble))
    assert (count, verdict.code) == (attempts, code)


@pytest.mark.behaviour("B38")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416])
def test_a_refusal_is_tried_once_more_and_is_not_the_network_s_fault(status: int) -> None:
    count, verdict = attempts_until_given_up(Failure(trouble=Trouble.STATUS, status=status))
    assert (count, verdict.code) == (2, ErrorCode.URL_CANNOT_REACH)


@pytest.mark.behaviour("B37")
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_waited_for(status: int) -> None:
    count, verdict = attempts_until_given_up(Failure(trouble=Trouble.STATUS, status=status))
    assert (count, verdict.code) == (6, ErrorCode.NET_ERROR)


def test_progress_elsewhere_forgives_an_outage() -> None:
    verdict = decide(POLICY, Failure(trouble=Trouble.CUT), attempts=10, attempts_since_progress=1)
    assert verdict.pause == POLICY.first_pause


def test_progress_elsewhere_does_not_make_wrong_bytes_right() -> None:
    verdict = decide(POLICY, Failure(trouble=Trouble.DIGEST), attempts=3, attempts_since_progress=1)
    assert verdict.pause is None


def test_no_progress_forgives_for_ever() -> None:
    verdict = decide(POLICY, Failure(trouble=Trouble.CUT), attempts=20, attempts_since_progress=1)
    assert verdict.pause is None


def test_pauses_double_up_to_a_bound() -> None:
    failure = Failure(trouble=Trouble.CONNECT)
    policy = RetryPolicy(network_attempts=9)
    pauses = [
        decide(policy, failure, attempts=n, attempts_since_progress=n).pause for n in range(1, 9)
    ]
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_retry_after_is_obeyed_within_reason() -> None:
    def pause(retry_after: float) -> float | None:
        failure = Failure(trouble=Trouble.STATUS, status=503, retry_after=retry_after)
        return decide(POLICY, failure, attempts=1, attempts_since_progress=1).pause

    assert pause(7) == 7
    assert pause(3600) == POLICY.longest_retry_after
    assert pause(0.01) == POLICY.first_pause


@given(
    st.sampled_from(Trouble),
    st.integers(200, 599),
    st.none() | st.floats(0, 1e9),
    st.integers(1, 10**6),
)
def test_it_always_ends_and_never_pauses_for_long(
    trouble: Trouble, status: int, retry_after: float | None, attempts: int
) -> None:
    failure = Failure(trouble=trouble, status=status, retry_after=retry_after)
    verdict = decide(POLICY, failure, attempts=attempts, attempts_since_progress=1)
    if attempts >= POLICY.total_attempts:
        assert verdict.pause is None
    else:
        assert verdict.pause is None or 0 < verdict.pause <= POLICY.longest_retry_after


def test_a_failure_speaks_without_a_url() -> None:
    assert Failure(trouble=Trouble.STATUS, status=403).text == "the server refused (403)"


@pytest.mark.parametrize("failure", [Failure(trouble=trouble) for trouble in Trouble])
def test_elsewhere_is_tried_at_once_whatever_failed_here(failure: Failure) -> None:
    for attempts in range(1, POLICY.total_attempts):
        verdict = decide(
            POLICY,
            failure,
            attempts=attempts,
            attempts_since_progress=attempts,
            elsewhere=True,
        )
        assert verdict.pause == 0
    last = decide(
        POLICY,
        failure,
        attempts=POLICY.total_attempts,
        attempts_since_progress=1,
        elsewhere=True,
    )
    assert last.pause is None


def test_jitter_takes_up_to_half_of_a_pause_but_none_of_what_the_server_asked_for() -> None:
    def pause(jitter: float, retry_after: float | None = None) -> float | None:
        failure = Failure(trouble=Trouble.STATUS, status=503, retry_after=retry_after)
        return decide(POLICY, failure, attempts=3, attempts_since_progress=3, jitter=jitter).pause

    assert [pause(0), pause(0.5), pause(1)] == [1.0, 0.75, 0.5]
    assert pause(1, retry_after=7) == 7


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, True), (401, True), (403, True), (404, True), (410, True), (416, True)]
    + [(status, False) for status in (408, 425, 429, 500, 502, 503, 504)],
)
def test_which_answers_are_refusals(status: int, *, refused: bool) -> None:
    assert Failure(trouble=Trouble.STATUS, status=status).is_refusal is refused
    assert not Failure(trouble=Trouble.CUT).is_refusal
