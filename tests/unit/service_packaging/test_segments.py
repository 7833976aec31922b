from __future__ import annotations

import os
import threading

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from vodseal.license.digests import DigestAlgorithm, digest_segment
from vodseal.service.packaging.segments import SegmentWriter

KEY = b"0123456789abcdef"


def stored(store: LocalStore, name: str) -> bytes:
    return bytes(store.get(name).bytes())


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path)


@pytest.fixture
def writer(store):
    made = SegmentWriter(store, os.urandom, lambda: None)
    yield made
    made.close()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 188 * 7, 100_000])
def test_a_segment_opens_with_its_key_and_iv(store, writer, size):
    plain = os.urandom(size)
    pieces = [plain[i : i + 4096] for i in range(0, size, 4096)]
    piece = writer.write("a/0.ts", pieces, KEY).result(10)
    data = stored(store, "a/0.ts")
    assert (piece.name, piece.size) == ("a/0.ts", len(data))
    assert piece.digest == digest_segment(DigestAlgorithm.BLAKE3_256, data)
    decryptor = Cipher(algorithms.AES(KEY), modes.CBC(piece.iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    opened = unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    assert opened == plain
    assert plain[:16] not in data or size < 16


def test_segments_of_any_length_share_the_buffer(store, writer):
    for number, size in enumerate([5000, 10, 70_000, 0, 33]):
        plain = bytes([number]) * size
        writer.write(f"{number}.ts", [plain], None).result(10)
        assert stored(store, f"{number}.ts") == plain


def test_every_segment_has_an_iv_of_its_own(writer):
    ivs = {writer.write(f"{n}.ts", [b"same"], KEY).result(10).iv for n in range(20)}
    assert len(ivs) == 20
    assert all(len(iv) == 16 for iv in ivs)


def test_clear_segments_stay_as_they_are(store, writer):
    piece = writer.write("0.ts", [b"ab", b"c"], None).result(10)
    assert (stored(store, "0.ts"), piece.iv, piece.size) == (b"abc", None, 3)


def test_ranges_are_digested_one_by_one(store):
    signs: list[None] = []
    writer = SegmentWriter(store, os.urandom, lambda: signs.append(None))
    ranges = writer.write_ranges("film.mp4", iter([b"aaaa", b"bb"]))
    assert stored(store, "film.mp4") == b"aaaabb"
    writer.close()
    assert len(signs) == 2
    assert [r.size for r in ranges] == [4, 2]
    assert [r.digest for r in ranges] == [
        digest_segment(DigestAlgorithm.BLAKE3_256, data) for data in (b"aaaa", b"bb")
    ]


def test_the_first_failure_is_final(tmp_path):
    folder = tmp_path / "blobs"
    folder.mkdir()
    writer = SegmentWriter(LocalStore(folder), os.urandom, lambda: None)
    (folder / "file").write_bytes(b"in the way")
    future = writer.write("file/0.ts", [b"x"], None)
    with pytest.raises(BaseError):
        future.result(10)
    with pytest.raises(BaseError):
        writer.write("other.ts", [b"x"], None)
    writer.close()
    assert not (folder / "other.ts").exists()


def test_a_fast_muxer_waits(store):
    """Three segments at most are on their way; the fourth waits until one is stored."""
    gate, asked = threading.Event(), threading.Event()

    def slow_random(size: int) -> bytes:
        asked.set()
        gate.wait(10)
        return bytes(size)

    writer = SegmentWriter(store, slow_random, lambda: None)
    done: list[int] = []

    def mux() -> None:
        for number in range(6):
            writer.write(f"{number}.ts", [b"x"], KEY)
            done.append(number)

    muxer = threading.Thread(target=mux)
    muxer.start()
    asked.wait(10)
    while len(done) < 3:
        pass
    assert len(done) == 3
    gate.set()
    muxer.join(10)
    writer.close()
    assert len(done) == 6
