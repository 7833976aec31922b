"""Row 9: somebody swaps licenses, or the wrapped key inside one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.scenario.threats.hands import frames, refusal

from vodseal import ErrorCode
from vodseal.container.header import Header
from vodseal.credential.envelope import EnvelopeType, seal_envelope
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]

ENVELOPE_HEAD, SIGNATURE = 24, 64


@pytest.fixture
def films(phone: Phone, house: House, video: Video) -> tuple[Path, Path]:
    """Two films of one app on one device: each has its license."""
    first, _ = phone.download(house.sts(video("short")))
    second, _ = phone.download(house.sts(video("sharp")))
    assert frames(first)
    assert frames(second)
    return first, second


def id_of(path: Path) -> bytes:
    return Header.peek(path.read_bytes()[:4096]).download_id


def license_of(path: Path) -> bytes:
    found = key_service.current().vault().load_license(id_of(path))
    assert found is not None
    return found


def put(path: Path, envelope: bytes) -> None:
    key_service.current().vault().save_license(id_of(path), envelope)


def test_the_license_of_another_film_opens_nothing(films: tuple[Path, Path]) -> None:
    first, second = films
    mine, theirs = license_of(first), license_of(second)
    put(first, theirs)
    put(second, mine)
    assert refusal(first).code is ErrorCode.DEMUXER_OPENSTREAM
    assert refusal(second).code is ErrorCode.DEMUXER_OPENSTREAM
    put(first, mine)
    put(second, theirs)
    assert frames(first)


def test_a_film_under_the_name_of_another_plays_as_itself_or_not_at_all(
    films: tuple[Path, Path],
) -> None:
    first, second = films
    count = frames(second)
    first.write_bytes(second.read_bytes())
    assert frames(first) == count


def test_the_wrapped_key_of_another_license_does_not_fit(films: tuple[Path, Path]) -> None:
    first, second = films
    mine, theirs = license_of(first), license_of(second)
    at = len(mine) - SIGNATURE - 200  # the wrap is the last but one field
    shift = len(theirs) - len(mine)
    spliced = mine[:at] + theirs[at + shift : at + shift + 136] + mine[at + 136 :]
    assert spliced != mine
    put(first, spliced)
    assert refusal(first).code is ErrorCode.DEMUXER_OPENSTREAM


def test_a_license_signed_by_somebody_else_opens_nothing(films: tuple[Path, Path]) -> None:
    first, _ = films
    payload = license_of(first)[ENVELOPE_HEAD:-SIGNATURE]
    forger = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
    put(first, seal_envelope(EnvelopeType.LICENSE, payload, forger))
    assert refusal(first).code is ErrorCode.DEMUXER_OPENSTREAM
