"""Percent grow, one by one or in leaps, and end at 100."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.sdk.progress import Progress, ProgressRelay


class Ear:
    """Who hears a relay, all of it in one list."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []
        self.relay = ProgressRelay(
            on_downloading=lambda percent: self.heard.append(("downloading", percent)),
            on_processing=lambda percent: self.heard.append(("processing", percent)),
            on_staged=lambda: self.heard.append(("staged", 0)),
        )

    def percents(self, kind: str) -> list[int]:
        return [percent for name, percent in self.heard if name == kind]


@pytest.mark.behaviour("B29")
@given(
    st.lists(st.integers(-5, 130)),
    st.lists(st.integers(-5, 130)),
)
def test_whatever_the_engine_says_percents_grow_to_100(
    download: list[int], processing: list[int]
) -> None:
    ear = Ear()
    for percent in download:
        ear.relay.on_download_progress(percent, 100, percent)
    for percent in processing:
        ear.relay.on_processing_progress(percent)
    ear.relay.finish()
    for kind in ("downloading", "processing"):
        told = ear.percents(kind)
        assert told == sorted(set(told))
        assert told[-1] == 100
        assert min(told) >= 0
    kinds = [kind for kind, _ in ear.heard]
    assert kinds == sorted(kinds, key=["downloading", "staged", "processing"].index)
    assert kinds.count("staged") == 1


def test_the_latest_numbers_can_be_looked_at() -> None:
    ear = Ear()
    assert ear.relay.latest == Progress()
    ear.relay.on_download_progress(40, 80, 50)
    assert ear.relay.latest == Progress(downloading=50, done_size=40, total_size=80)
    ear.relay.on_processing_progress(7)
    assert ear.relay.latest == Progress(downloading=100, processing=7, done_size=40, total_size=80)
