"""Encrypt, digest and store what muxers make, in one thread of its own.

Promises, in order of weight:

1. Under a key, no byte of a segment is stored or kept that is not encrypted:
   AES-128-CBC with PKCS7 padding (RFC 8216 section 5.2) and an IV of its own,
   random, for every segment.
2. The digest is over the bytes as stored, which are those that a client fetches.
3. A muxer that is faster than the disk waits: a few segments are in memory, each
   encrypted into one buffer that is used again. Fresh memory for each would cost
   more than the encryption (security 5.2).
4. The first failure is final, and the next call raises it.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import obstore
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vodseal.license.digests import DigestAlgorithm, digest_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from obstore.store import ObjectStore

__all__ = ["SegmentWriter", "StoredPiece"]

_WAITING: Final = 3
_BLOCK: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPiece:
    """One blob, or one range of it, with the digest that a client checks."""

    name: str
    size: int
    digest: bytes
    iv: bytes | None = None


class SegmentWriter:
    """Stores the segments of all streams of a task. Used by one thread."""

    def __init__(
        self, store: ObjectStore, random: Callable[[int], bytes], alive: Callable[[], None]
    ) -> None:
        """Write below the root of ``store``; ``random`` makes the IVs.

        ``alive`` is called for each range of a long file: storing one takes its time.
        """
        self._store = store
        self._random = random
        self._alive = alive
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="segments")
        self._room = threading.BoundedSemaphore(_WAITING)
        self._buffer = bytearray()
        self._failure: BaseException | None = None

    def write(self, name: str, pieces: Sequence[bytes], key: bytes | None) -> Future[StoredPiece]:
        """Take one segment, to be stored as ``name``, encrypted when there is a key.

        Raises:
            BaseException: What an earlier segment failed with.
        """
        self._room.acquire()
        if self._failure is not None:
            self._room.release()
            raise self._failure
        future = self._pool.submit(self._store_segment, name, pieces, key)
        future.add_done_callback(self._done)
        return future

    def write_ranges(self, name: str, pieces: Iterator[bytes]) -> list[StoredPiece]:
        """Store one clear blob from ``pieces`` and return a digest of each.

        Raises:
            OSError: It could not be stored.
        """
        ranges: list[StoredPiece] = []

        def digested() -> Iterator[bytes]:
            for piece in pieces:
                digest = digest_segment(DigestAlgorithm.BLAKE3_256, piece)
                ranges.append(StoredPiece(name=name, size=len(piece), digest=digest))
                self._alive()
                yield piece

        obstore.put(self._store, name, digested())
        return ranges

    def write_text(self, name: str, text: str) -> None:
        """Store a playlist.

        Raises:
            OSError: It could not be stored.
        """
        obstore.put(self._store, name, text.encode())

    def close(self) -> None:
        """Wait for what was taken, and end the thread."""
        self._pool.shutdown(wait=True)

    def _done(self, future: Future[StoredPiece]) -> None:
        self._failure = self._failure or future.exception()
        self._room.release()

    def _store_segment(self, name: str, pieces: Sequence[bytes], key: bytes | None) -> StoredPiece:
        size = sum(len(piece) for piece in pieces)
        if len(self._buffer) < size + 2 * _BLOCK:  # OpenSSL wants a block of room beyond
            self._buffer = bytearray(size + size // 4 + 2 * _BLOCK)
        if key is None:
            iv = None
            at = 0
            for piece in pieces:
                self._buffer[at : at + len(piece)] = piece
                at += len(piece)
        else:
            iv = self._random(_BLOCK)
            at = _encrypt(pieces, size, key, iv, memoryview(self._buffer))
        # Leaving the block fails when the store still holds the bytes that come to be overwritten.
        with memoryview(self._buffer) as whole, whole[:at] as stored:
            obstore.put(self._store, name, stored)
            return StoredPiece(
                name=name, size=at, digest=digest_segment(DigestAlgorithm.BLAKE3_256, stored), iv=iv
            )


def _encrypt(pieces: Sequence[bytes], size: int, key: bytes, iv: bytes, out: memoryview) -> int:
    """Fill ``out`` with the ciphertext and return its length."""
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padding = _BLOCK - size % _BLOCK
    at = 0
    for piece in (*pieces, bytes([padding]) * padding):
        at += encryptor.update_into(piece, out[at:])
    encryptor.finalize()
    return at
