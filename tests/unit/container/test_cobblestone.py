"""Random access against the library's own classes, both ways, at every kind of boundary."""

from __future__ import annotations

import random

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from spec.kit import message

from vodseal.container.cobblestone import (
    BLOCK_ROOM,
    BLOCK_SIZE,
    MessageOpener,
    open_blocks,
    open_message,
    open_message_into,
    opened_size,
    seal_blocks,
    seal_message,
    seal_message_into,
)
from vodseal.container.layout import (
    CHUNK_SIZE,
    PART_SIZE,
    PREFIX_SIZE,
    SEALED_CHUNK_SIZE,
    sealed_message_size,
)
from vodseal.errors import MisuseError, TamperedError, TruncatedError

KEY, CONTEXT = bytes(range(32)), b"a context"
SIZES = [0, 1, 15, 16, 17, 16383, 16384, 16385, 32767, 32768, 32769, 49152, 100_000, PART_SIZE]


def plain_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def open_at_random(sealed: bytes, size: int) -> bytes:
    """Open each chunk on its own, in a mixed order."""
    opener = MessageOpener(KEY, CONTEXT, sealed[:56], plaintext_size=size)
    plain = bytearray(size)
    order = list(range(opener.chunk_count))
    random.Random(7).shuffle(order)
    for chunk in order:
        start = 56 + chunk * SEALED_CHUNK_SIZE
        room = memoryview(plain)[chunk * CHUNK_SIZE : (chunk + 1) * CHUNK_SIZE]
        assert len(room) == opener.chunk_plaintext_size(chunk)
        opener.open_run(chunk, memoryview(sealed)[start : start + SEALED_CHUNK_SIZE], room)
    return bytes(plain)


@pytest.mark.parametrize("size", SIZES)
def test_we_open_at_random_what_the_library_sealed(size: int) -> None:
    plain = plain_of(size)
    encryptor = Cobblestone256Encryptor(KEY, CONTEXT)
    sealed = encryptor.update(plain) + encryptor.finalize()
    assert open_at_random(sealed, size) == plain
    assert opened_size(len(sealed)) == size


@pytest.mark.parametrize("size", SIZES)
def test_the_library_and_we_open_what_the_second_implementation_sealed(size: int) -> None:
    plain = plain_of(size)
    sealed = message(KEY, CONTEXT, plain)
    decryptor = Cobblestone256Decryptor(KEY, CONTEXT)
    assert decryptor.update(sealed) + decryptor.finalize() == plain
    assert open_at_random(sealed, size) == plain
    assert open_message(KEY, CONTEXT, sealed) == plain


@pytest.mark.parametrize("size", SIZES)
def test_sealing_into_a_buffer_fills_it_exactly(size: int) -> None:
    plain, buffer = plain_of(size), bytearray(sealed_message_size(size) + 9)
    assert seal_message_into(KEY, CONTEXT, plain, buffer) == sealed_message_size(size)
    assert buffer[-9:] == bytes(9)
    room = bytearray(size + 3)
    assert open_message_into(KEY, CONTEXT, buffer[:-9], room) == size
    assert room == plain + bytes(3)


@pytest.mark.parametrize("size", [*SIZES, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1])
def test_sealing_in_blocks_gives_one_message(size: int) -> None:
    plain, room = plain_of(size), bytearray(BLOCK_ROOM)
    blocks = [plain[start : start + BLOCK_SIZE] for start in range(0, size, BLOCK_SIZE)]
    stretches = [bytes(one) for one in seal_blocks(KEY, CONTEXT, blocks, room)]
    sealed = b"".join(stretches)
    assert len(sealed) == sealed_message_size(size)
    assert open_message(KEY, CONTEXT, sealed) == plain
    assert open_at_random(sealed, size) == plain
    for step in (999, BLOCK_SIZE):
        cut = [sealed[start : start + step] for start in range(0, len(sealed), step)]
        assert b"".join(map(bytes, open_blocks(KEY, CONTEXT, cut))) == plain
    assert len(stretches[0]) >= PREFIX_SIZE


def test_a_buffer_too_small_is_refused_before_anything_is_written() -> None:
    small = bytearray(sealed_message_size(100) - 1)
    with pytest.raises(MisuseError):
        seal_message_into(KEY, CONTEXT, bytes(100), small)
    assert not any(small)
    with pytest.raises(MisuseError):
        open_message_into(KEY, CONTEXT, seal_message(KEY, CONTEXT, bytes(100)), bytearray(99))


def test_salts_are_fresh() -> None:
    assert len({seal_message(KEY, CONTEXT, b"same")[:24] for _ in range(200)}) == 200


def test_a_wrong_key_or_context_does_not_open() -> None:
    sealed = seal_message(KEY, CONTEXT, b"film")
    for key, context in ((bytes(32), CONTEXT), (KEY, b"another")):
        with pytest.raises(TamperedError):
            open_message(key, context, sealed)
        with pytest.raises(TamperedError):
            MessageOpener(key, context, sealed[:56], plaintext_size=4)


@pytest.mark.parametrize(
    "size", [0, 55, 56, 71, 56 + SEALED_CHUNK_SIZE, 56 + SEALED_CHUNK_SIZE + 15]
)
def test_no_message_has_that_size(size: int) -> None:
    with pytest.raises(TruncatedError):
        opened_size(size)
    with pytest.raises(TruncatedError):
        open_message(KEY, CONTEXT, bytes(size))
    with pytest.raises(TruncatedError):
        open_message_into(KEY, CONTEXT, bytes(size), bytearray(100_000))


def test_a_message_that_fails_leaves_nothing_in_the_buffer() -> None:
    plain = plain_of(100_000)
    sealed = bytearray(seal_message(KEY, CONTEXT, plain))
    sealed[-1] ^= 1
    room = bytearray(b"u" * 100_003)
    with pytest.raises(TamperedError):
        open_message_into(KEY, CONTEXT, sealed, room)
    assert room == bytes(100_000) + b"uuu"


def test_blocks_that_were_altered_give_nothing_after_what_was_right() -> None:
    plain = plain_of(3 * BLOCK_SIZE)
    sealed = bytearray(seal_message(KEY, CONTEXT, plain))
    sealed[BLOCK_SIZE + 20_000] ^= 1
    cut = [sealed[start : start + BLOCK_SIZE] for start in range(0, len(sealed), BLOCK_SIZE)]
    given = bytearray()
    with pytest.raises(TamperedError):  # noqa: PT012 - what came before counts
        for stretch in open_blocks(KEY, CONTEXT, cut):
            given += stretch
    assert 0 < len(given) <= BLOCK_SIZE
    assert plain.startswith(given)


def test_a_run_that_fails_leaves_nothing_in_the_buffer() -> None:
    plain = plain_of(3 * CHUNK_SIZE + 5)
    sealed = bytearray(seal_message(KEY, CONTEXT, plain))
    opener = MessageOpener(KEY, CONTEXT, bytes(sealed[:56]), plaintext_size=len(plain))
    sealed[56 + SEALED_CHUNK_SIZE + 3] ^= 1
    room = bytearray(b"u" * (2 * CHUNK_SIZE))
    with pytest.raises(TamperedError):
        opener.open_run(0, memoryview(sealed)[56 : 56 + 2 * SEALED_CHUNK_SIZE], memoryview(room))
    assert not any(room)


def test_a_chunk_opens_in_its_own_place_alone() -> None:
    plain = plain_of(3 * CHUNK_SIZE)
    sealed = seal_message(KEY, CONTEXT, plain)
    opener = MessageOpener(KEY, CONTEXT, sealed[:56], plaintext_size=len(plain))
    first = memoryview(sealed)[56 : 56 + SEALED_CHUNK_SIZE]
    room = memoryview(bytearray(CHUNK_SIZE))
    for place in (1, 2, 3):
        with pytest.raises(TamperedError):
            opener.open_run(place, first, room)
    opener.open_run(0, first, room)
    assert room == plain[:CHUNK_SIZE]
