"""A provider is the app's: what it gives is looked at, and what it does harms nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from vodseal import CredentialReason, CredentialRequest, VidAuth, VidSts
from vodseal.sdk.credentials import LiveSource

if TYPE_CHECKING:
    from vodseal.sdk.sources import Source


def never() -> bool:
    return False


OLD, FRESH = VidSts(vid="v", access_key_id="old"), VidSts(vid="v", access_key_id="fresh")


def test_a_provider_is_told_the_video_and_the_reason() -> None:
    asked: list[CredentialRequest] = []

    def provide(request: CredentialRequest) -> Source:
        asked.append(request)
        return FRESH

    live = LiveSource(OLD, provider=provide)
    for reason in CredentialReason:
        assert live.ask(reason, never)
    assert asked == [CredentialRequest(vid="v", reason=reason) for reason in CredentialReason]
    assert (live.current, live.version) == (FRESH, 3)


def test_without_a_provider_the_source_stays() -> None:
    live = LiveSource(OLD)
    assert not live.ask(CredentialReason.REFUSED, never)
    assert (live.current, live.version) == (OLD, 0)


def test_the_kind_of_the_source_may_change() -> None:
    live = LiveSource(OLD)
    assert live.replace(VidAuth(vid="v"))
    assert isinstance(live.current, VidAuth)


@pytest.mark.parametrize("given", [None, VidSts(vid="other"), "a text", 5])
def test_what_is_no_source_of_the_video_counts_as_nothing(given: Any) -> None:
    live = LiveSource(OLD, provider=lambda _: given)
    assert not live.ask(CredentialReason.REFUSED, never)
    assert (live.current, live.version) == (OLD, 0)


def test_what_it_raises_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: CredentialRequest) -> Source:
        raise KeyError("AccessKeySecret=abc")

    assert not LiveSource(OLD, provider=fail).ask(CredentialReason.REFUSED, never)
    assert "KeyError" in caplog.text
    assert "abc" not in caplog.text


def test_a_stop_does_not_wait_for_it() -> None:
    called, over = threading.Event(), threading.Event()

    def hang(_: CredentialRequest) -> Source:
        called.set()
        over.wait(60)
        return FRESH

    live = LiveSource(OLD, provider=hang)
    assert not live.ask(CredentialReason.QUEUED_START, called.is_set)
    over.set()
    assert live.current is OLD


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vodseal.sdk.credentials._PATIENCE", 0.1)
    over = threading.Event()

    def hang(_: CredentialRequest) -> Source:
        over.wait(60)
        return FRESH

    assert not LiveSource(OLD, provider=hang).ask(CredentialReason.QUEUED_START, never)
    over.set()
