"""Received bytes count as a piece only when they are one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vodseal.download.check import find_fault, open_transport, unchecked_in
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.plan import Piece
from vodseal.download.retry import Trouble

KEY, IV = b"K" * 16, b"I" * 16
TS = (b"\x47" + bytes(187)) * 40
BOXES = b"\0\0\0\x10styp12345678" + b"\0\0\0\x18mdat" + bytes(16)
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"


def encrypt(data: bytes) -> bytes:
    padding = 16 - len(data) % 16
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(IV)).encryptor()
    return encryptor.update(data + bytes([padding]) * padding) + encryptor.finalize()


CLEAR = Piece(
    sequence=0,
    number=0,
    segment=SegmentSpec(url="u", path="/p"),
    start=None,
    size=None,
    digest=None,
    weight=1,
)
ENCRYPTED = replace(CLEAR, segment=SegmentSpec(url="u", path="/p", key=KEY, iv=IV))


def fault(piece: Piece, data: bytes, algorithm: int | None = None) -> Trouble | None:
    return find_fault(piece, memoryview(data), algorithm, memoryview(bytearray(len(data) + 16)))


@pytest.mark.parametrize(
    "data", [TS, BOXES, b"ID3\4\0audio", b"\xff\xf1\x50\x80", b"\0\0\0\0mdat any end"]
)
def test_media_passes_clear_and_encrypted(data: bytes) -> None:
    assert fault(CLEAR, data) is None
    assert fault(ENCRYPTED, encrypt(data)) is None


@pytest.mark.parametrize(
    "data", [b"", HTML, TS[:-1], TS + b"\0", BOXES[:-1], BOXES + b"\0", b"\xff", bytes(188)]
)
def test_what_is_no_media_does_not_pass(data: bytes) -> None:
    assert fault(CLEAR, data) is Trouble.STRUCTURE
    assert fault(ENCRYPTED, encrypt(data)) is Trouble.STRUCTURE


def test_a_lost_packet_border_shows() -> None:
    assert fault(CLEAR, TS[:188] + b"\x48" + TS[189:]) is Trouble.STRUCTURE


@pytest.mark.parametrize("cut", [1, 16, 188, 1600])
def test_a_cut_in_an_encrypted_segment_shows_in_padding_or_structure(cut: int) -> None:
    assert fault(ENCRYPTED, encrypt(TS)[:-cut]) is Trouble.STRUCTURE


def test_a_digest_is_certain_and_asks_nothing_else() -> None:
    piece = replace(CLEAR, digest=blake3(HTML).digest())
    assert fault(piece, HTML, 2) is None
    assert fault(piece, HTML[:-1] + b"!", 2) is Trouble.DIGEST
    assert fault(replace(CLEAR, digest=hashlib.sha256(HTML).digest()), HTML, 1) is None


def test_a_length_that_is_known_counts_before_all_else() -> None:
    assert fault(replace(CLEAR, size=len(TS) + 1), TS) is Trouble.LENGTH


def test_of_a_file_only_the_beginning_has_structure() -> None:
    first = replace(CLEAR, start=0, size=len(BOXES) - 1)
    assert fault(first, BOXES[:-1]) is None
    assert fault(replace(first, size=len(HTML)), HTML) is Trouble.STRUCTURE
    assert fault(replace(first, number=1, size=len(HTML)), HTML) is None


@pytest.mark.parametrize("padding", [b"\0" * 16, b"\x11" * 16, b"\x02\x03\x03" + bytes(13)])
def test_wrong_padding_opens_nothing(padding: bytes) -> None:
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(IV)).encryptor()
    data = encryptor.update(bytes(16) + padding)
    assert open_transport(memoryview(data), KEY, IV, memoryview(bytearray(48))) is None


def test_opening_gives_the_plaintext() -> None:
    data = encrypt(TS)
    opened = open_transport(memoryview(data), KEY, IV, memoryview(bytearray(len(data) + 16)))
    assert opened == TS


def test_what_could_not_be_checked_is_said() -> None:
    job = JobSpec(kind=SourceKind.HLS, download_id=b"D" * 16, secure=True, segments=())
    signed = replace(job, digest_algorithm=2)
    assert unchecked_in(signed, lengths_announced=True) == ()
    assert len(unchecked_in(job, lengths_announced=True)) == 1
    assert len(unchecked_in(job, lengths_announced=False)) == 2
    assert "file" in unchecked_in(replace(job, kind=SourceKind.RANGES), lengths_announced=True)[0]
