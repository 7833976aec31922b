"""What every key provider promises (SPEC keys §1): the same tests for each."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from vodseal.errors import KeyServiceError, TamperedError
from vodseal.service.kms import contexts
from vodseal.service.kms.blob import HEAD_SIZE, BlobHead, ProviderId

CONTEXT = contexts.stream("a" * 32, "b" * 32, "HLSEncryption")
KEY = bytes(range(32))


@contextmanager
def reopened(store, loop):
    again = loop.run(store.open())
    try:
        yield again
    finally:
        loop.run(again.close())


@pytest.mark.parametrize("size", [1, 16, 32, 1024])
def test_a_data_key_comes_back(kms, loop, size):
    made = loop.run(kms.generate_data_key(CONTEXT, size))
    assert len(made.plain) == size
    assert loop.run(kms.decrypt(made.blob, CONTEXT)) == made.plain


def test_data_keys_differ(kms, loop):
    made = [loop.run(kms.generate_data_key(CONTEXT, 32)) for _ in range(4)]
    assert len({key.plain for key in made}) == len({key.blob for key in made}) == 4


def test_a_data_key_is_not_in_its_blob_nor_in_its_name(kms, loop):
    made = loop.run(kms.generate_data_key(CONTEXT, 16))
    assert made.plain not in made.blob
    assert repr(made.plain)[2:-1] not in repr(made)


@pytest.mark.parametrize("plain", [b"\0", b"\xff" * 16, KEY, b"text", bytes(4096)])
def test_a_key_made_elsewhere_comes_back(kms, loop, plain):
    assert loop.run(kms.decrypt(loop.run(kms.encrypt(plain, CONTEXT)), CONTEXT)) == plain


def test_the_same_key_is_wrapped_anew_each_time(kms, loop):
    assert loop.run(kms.encrypt(KEY, CONTEXT)) != loop.run(kms.encrypt(KEY, CONTEXT))


def test_a_blob_says_provider_key_and_version(kms, loop):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    assert blob[:HEAD_SIZE] == kms.head.encode()
    assert blob[0] in set(ProviderId)
    assert kms.head.name.count("/") == 2


@pytest.mark.parametrize(
    "other",
    [
        contexts.stream("a" * 32, "c" * 32, "HLSEncryption"),
        contexts.stream("c" * 32, "b" * 32, "HLSEncryption"),
        contexts.original("a" * 32),
        {"purpose": "stream", "video": "a" * 32},
        {"purpose": "stream", "video": "a" * 32, "stream": "b" * 32, "more": "x"},
        {"purpose": "stream", "video": "b" * 32, "stream": "a" * 32},
    ],
    ids=["stream", "video", "purpose", "less", "more", "swapped"],
)
def test_another_context_is_refused(kms, loop, other):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    with pytest.raises(TamperedError):
        loop.run(kms.decrypt(blob, other))
    with pytest.raises(TamperedError):
        loop.run(kms.reencrypt(blob, other))


def test_the_order_of_a_context_says_nothing(kms, loop):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    assert loop.run(kms.decrypt(blob, dict(reversed(CONTEXT.items())))) == KEY


def test_every_altered_byte_is_refused(kms, loop):
    """A mock answers some with words of its own; what counts is that no key comes out."""
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    for position in range(len(blob)):
        altered = bytearray(blob)
        altered[position] ^= 1 << position % 8
        with pytest.raises((TamperedError, KeyServiceError)):
            loop.run(kms.decrypt(bytes(altered), CONTEXT))


def test_every_other_length_is_refused(kms, loop):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    for other in [blob[:size] for size in range(len(blob))] + [blob + b"\0", blob + blob]:
        with pytest.raises((TamperedError, KeyServiceError)):
            loop.run(kms.decrypt(other, CONTEXT))


@pytest.mark.parametrize("text", [b"", b"x", b"\0" * 13, b"\xff" * 64], ids=str)
def test_what_is_no_blob_is_refused(kms, loop, text):
    with pytest.raises(TamperedError):
        loop.run(kms.decrypt(text, CONTEXT))


def test_the_head_of_another_version_is_refused(kms, loop):
    """The key inside is right, and its head lies."""
    loop.run(kms.rotate())
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    former = BlobHead(provider=kms.head.provider, key_id=kms.head.key_id, version=1)
    with pytest.raises(TamperedError):
        loop.run(kms.decrypt(former.encode() + blob[HEAD_SIZE:], CONTEXT))


def test_a_blob_of_another_provider_is_refused(kms, loop):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    for provider in set(ProviderId) - {kms.head.provider}:
        with pytest.raises(TamperedError):
            loop.run(kms.decrypt(bytes([provider]) + blob[1:], CONTEXT))


def test_another_master_key_opens_nothing(kms, store, loop):
    other = type(store)(
        {"LocalStore": lambda: store.path.parent, "TokenStore": lambda: store.setting}.get(
            type(store).__name__, lambda: store.endpoint
        )()
    )
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    with reopened(other, loop) as stranger:
        assert stranger.head.key_id != kms.head.key_id
        with pytest.raises(TamperedError):
            loop.run(stranger.decrypt(blob, CONTEXT))


def test_a_next_start_opens_what_was_wrapped(kms, store, loop):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    with reopened(store, loop) as again:
        assert again.head == kms.head
        assert loop.run(again.decrypt(blob, CONTEXT)) == KEY


def test_a_rotation_makes_the_next_version(kms, loop):
    before = kms.head
    loop.run(kms.rotate())
    assert kms.head == BlobHead(
        provider=before.provider, key_id=before.key_id, version=before.version + 1
    )
    assert loop.run(kms.encrypt(KEY, CONTEXT))[:HEAD_SIZE] == kms.head.encode()
    assert loop.run(kms.generate_data_key(CONTEXT, 16)).blob[:HEAD_SIZE] == kms.head.encode()


def test_old_blobs_open_after_a_rotation(kms, loop):
    blobs = []
    for _ in range(3):
        blobs.append(loop.run(kms.encrypt(KEY, CONTEXT)))
        loop.run(kms.rotate())
    assert [loop.run(kms.decrypt(blob, CONTEXT)) for blob in blobs] == [KEY] * 3


def test_a_rotation_survives_a_start(kms, store, loop):
    old = loop.run(kms.encrypt(KEY, CONTEXT))
    loop.run(kms.rotate())
    new = loop.run(kms.encrypt(KEY, CONTEXT))
    with reopened(store, loop) as again:
        assert again.head == kms.head
        assert loop.run(again.decrypt(old, CONTEXT)) == loop.run(again.decrypt(new, CONTEXT)) == KEY


def test_rewrapping_takes_a_key_to_the_newest_version(kms, loop):
    old = loop.run(kms.encrypt(KEY, CONTEXT))
    loop.run(kms.rotate())
    new = loop.run(kms.reencrypt(old, CONTEXT))
    assert new[:HEAD_SIZE] == kms.head.encode() != old[:HEAD_SIZE]
    assert loop.run(kms.decrypt(new, CONTEXT)) == KEY
    assert loop.run(kms.decrypt(old, CONTEXT)) == KEY


def test_rewrapping_keeps_the_context(kms, loop):
    new = loop.run(kms.reencrypt(loop.run(kms.encrypt(KEY, CONTEXT)), CONTEXT))
    with pytest.raises(TamperedError):
        loop.run(kms.decrypt(new, contexts.original("a" * 32)))


def test_an_altered_blob_is_not_rewrapped(kms, loop):
    blob = loop.run(kms.encrypt(KEY, CONTEXT))
    altered = blob[:-1] + bytes([blob[-1] ^ 1])
    with pytest.raises(TamperedError):
        loop.run(kms.reencrypt(altered, CONTEXT))


def test_archived_versions_open_nothing(kms, store, loop):
    old = loop.run(kms.encrypt(KEY, CONTEXT))
    loop.run(kms.rotate())
    new = loop.run(kms.reencrypt(old, CONTEXT))
    archived = loop.run(kms.archive())
    with reopened(store, loop) as again:
        for opened in (kms, again):
            assert loop.run(opened.decrypt(new, CONTEXT)) == KEY
            if store.keeps_old_versions:
                assert archived == 0
                continue
            assert archived == 1
            with pytest.raises(TamperedError):
                loop.run(opened.decrypt(old, CONTEXT))


def test_archiving_twice_is_harmless_and_the_next_version_is_new(kms, loop):
    loop.run(kms.rotate())
    loop.run(kms.archive())
    assert loop.run(kms.archive()) == 0
    loop.run(kms.rotate())
    assert kms.head.version == 3
    assert loop.run(kms.decrypt(loop.run(kms.encrypt(KEY, CONTEXT)), CONTEXT)) == KEY


def test_many_at_once_do_not_mix(kms, loop):
    async def round_trip(number: int) -> bool:
        context = contexts.original(f"{number:032x}")
        plain = number.to_bytes(4, "big") * 8
        return await kms.decrypt(await kms.encrypt(plain, context), context) == plain

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(round_trip(number) for number in range(40)))

    assert all(loop.run(all_of_them()))


def test_closing_twice_is_harmless(store, loop):
    opened = loop.run(store.open())
    loop.run(opened.close())
    loop.run(opened.close())
