"""Row 8: somebody cuts a film short, adds to it, reorders it, or puts parts of another into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import frames, refusal

from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE, PREFIX_SIZE, SEALED_CHUNK_SIZE
from vodseal.errors import VodsealError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]

FIRST = HEADER_SIZE + PREFIX_SIZE


@pytest.fixture
def sealed(phone: Phone, house: House, video: Video) -> Path:
    path, _ = phone.download(house.sts(video("short")))
    assert frames(path) > 0
    assert path.stat().st_size > FIRST + 3 * SEALED_CHUNK_SIZE
    return path


@pytest.fixture
def other(sealed: Path, phone: Phone, house: House, video: Video) -> Path:
    """The same film, downloaded by the same app and device once more: other key, other file."""
    kept = sealed.read_bytes()
    sealed.unlink()
    path, _ = phone.download(house.sts(video("short")))
    taken = path.rename(path.with_name("other.vseal"))
    sealed.write_bytes(kept)
    return taken


@pytest.mark.parametrize("left", [0, 1, HEADER_SIZE, FIRST, FIRST + SEALED_CHUNK_SIZE, -1])
def test_a_film_that_was_cut_does_not_play(sealed: Path, left: int) -> None:
    sealed.write_bytes(sealed.read_bytes()[:left])
    refused(sealed)


@pytest.mark.parametrize("more", [b"\0", b"x" * 16, bytes(SEALED_CHUNK_SIZE)], ids=len)
def test_a_film_that_was_added_to_does_not_play(sealed: Path, more: bytes) -> None:
    sealed.write_bytes(sealed.read_bytes() + more)
    refused(sealed)


def test_a_film_whose_chunks_changed_places_does_not_play(sealed: Path) -> None:
    data = sealed.read_bytes()
    middle, end = FIRST + SEALED_CHUNK_SIZE, FIRST + 2 * SEALED_CHUNK_SIZE
    sealed.write_bytes(data[:FIRST] + data[middle:end] + data[FIRST:middle] + data[end:])
    refused(sealed)


def test_chunks_of_another_download_of_the_same_film_do_not_play(sealed: Path, other: Path) -> None:
    mine, theirs = sealed.read_bytes(), other.read_bytes()
    end = FIRST + SEALED_CHUNK_SIZE
    sealed.write_bytes(mine[:FIRST] + theirs[FIRST:end] + mine[end:])
    refused(sealed)


def test_a_header_or_an_index_of_another_download_does_not_play(sealed: Path, other: Path) -> None:
    mine, theirs = sealed.read_bytes(), other.read_bytes()
    sealed.write_bytes(theirs[:HEADER_SIZE] + mine[HEADER_SIZE:])
    refused(sealed)
    meta = Header.peek(mine[:HEADER_SIZE]).meta_offset
    sealed.write_bytes(mine[:meta] + theirs[Header.peek(theirs[:HEADER_SIZE]).meta_offset :])
    refused(sealed)
    sealed.write_bytes(mine)
    assert frames(sealed) > 0


def refused(path: Path) -> None:
    with pytest.raises(VodsealError):
        frames(path)


def test_what_is_refused_is_refused_to_players(sealed: Path) -> None:
    data = sealed.read_bytes()
    sealed.write_bytes(data[:-1])
    assert refusal(sealed).remedy
