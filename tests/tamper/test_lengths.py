"""Everything that is sealed or signed, cut at every length and made longer: each is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tamper.files import PLAINS, WAYS
from tests.tamper.golden import A, World

from vodseal.container.layout import SEALED_CHUNK_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tamper.conftest import Attacks

pytestmark = pytest.mark.tamper
NAMES = list(World().specimens)
SIZES = [1, 15, 16, 17, 56, 4096]


def extend(attacks: Attacks, data: bytes, read: Callable[[bytes], object]) -> int:
    """Add zeros, what was there before, and the thing itself; return how many that were."""
    added = [bytes(size) for size in SIZES]
    added += [(data * (size // len(data) + 1))[-size:] for size in SIZES]
    added += [part for part in (data, data[:-16], data[56:]) if part]
    for more in added:
        attacks.on(read, data + more, ("behind", more[:16]))
        attacks.on(read, more + data, ("before", more[:16]))
        attacks.on(read, data[:56] + more + data[56:], ("within", more[:16]))
    return 3 * len(added)


@pytest.mark.parametrize("name", NAMES)
def test_a_small_thing_has_one_length(name: str, world: World, attacks: Attacks) -> None:
    data, read = world.specimens[name]
    for size in range(len(data)):
        attacks.on(read, data[:size], size)
        attacks.on(read, data[size + 1 :], -size)
    attacks.check(2 * len(data) + extend(attacks, data, read))


@pytest.mark.parametrize("name", PLAINS)
def test_a_sealed_file_has_one_length(name: str, attacks: Attacks) -> None:
    data = A.seal_file(PLAINS[name])
    for size in range(len(data)):
        attacks.on(WAYS["whole"], data[:size], size)
    attacks.check(len(data) + extend(attacks, data, WAYS["whole"]))


def test_a_valid_chunk_more_or_less_is_noticed(attacks: Attacks) -> None:
    """Chunks of the file itself, put in or left out wherever a chunk begins."""
    data = A.seal_file(PLAINS["two chunks"] * 3)
    count = len(data) // SEALED_CHUNK_SIZE
    chunks = [4096 + 56 + i * SEALED_CHUNK_SIZE for i in range(count)]
    for at in chunks:
        attacks.on(WAYS["whole"], data[:at] + data[at + SEALED_CHUNK_SIZE :], ("without", at))
        for other in chunks:
            chunk = data[other : other + SEALED_CHUNK_SIZE]
            attacks.on(WAYS["whole"], data[:at] + chunk + data[at:], ("with", at, other))
    assert count >= 3
    attacks.check(count + count * count)
