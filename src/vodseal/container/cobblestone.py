"""One sealed message, as a whole or at any chunk (SPEC container §4).

The construction is C2SP's chunked-encryption with SHA-512 and AES-256-GCM,
called Cobblestone-256: ``salt 24 || commitment 32 || chunks``. One HKDF-Expand
of key, salt and context gives the chunk key, the base nonce and the
commitment; chunk ``i`` has the nonce ``base XOR i``. A salt is fresh for each
message, so a counter is a safe nonce. The last chunk is always shorter than
16 KiB, so one length has one chunking.

Whole messages go through the class of ``cryptography``, in one call: a loop
over chunks here would give the interpreter away once for each. The class draws
the salt itself, which leaves nobody a way to use one twice. ``MessageOpener``
is what the class cannot do: open any run of chunks.

Neither may leave behind what it could not authenticate. AES-GCM writes its
output before it knows the tag to be wrong; whoever passes a buffer gets it
back zeroed when opening fails.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vodseal.container.layout import (
    CHUNK_SIZE,
    COMMITMENT_SIZE,
    KEY_SIZE,
    PREFIX_SIZE,
    SALT_SIZE,
    SEALED_CHUNK_SIZE,
    TAG_SIZE,
    sealed_message_size,
)
from vodseal.errors import MisuseError, TamperedError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vodseal.container.source import ReadBuffer, WriteBuffer

__all__ = [
    "BLOCK_ROOM",
    "BLOCK_SIZE",
    "MessageOpener",
    "open_blocks",
    "open_message",
    "open_message_into",
    "opened_size",
    "seal_blocks",
    "seal_message",
    "seal_message_into",
]

BLOCK_SIZE: Final = 16 * CHUNK_SIZE
BLOCK_ROOM: Final = sealed_message_size(BLOCK_SIZE) + SEALED_CHUNK_SIZE

_INFO: Final = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
_NONCE_SIZE: Final = 12
_NOT_AUTHENTIC: Final = "a sealed message was altered, or belongs elsewhere"


def seal_message(key: bytes, context: bytes, plaintext: ReadBuffer) -> bytes:
    """Return ``plaintext`` as one sealed message, under a salt of its own."""
    encryptor = Cobblestone256Encryptor(key, context)
    return encryptor.update(plaintext) + encryptor.finalize()


def seal_message_into(
    key: bytes, context: bytes, plaintext: ReadBuffer, buffer: WriteBuffer
) -> int:
    """Seal ``plaintext`` into ``buffer`` and return the size of the message.

    Raises:
        MisuseError: ``buffer`` is shorter than ``sealed_message_size`` says.
    """
    size = sealed_message_size(len(plaintext))
    if len(buffer) < size:
        raise MisuseError("the buffer is too small for the sealed message")
    encryptor = Cobblestone256Encryptor(key, context)
    written = encryptor.update_into(plaintext, buffer)
    buffer[written:size] = encryptor.finalize()
    return size


def seal_blocks(
    key: bytes, context: bytes, blocks: Iterable[ReadBuffer], buffer: WriteBuffer
) -> Iterator[memoryview]:
    """Yield one sealed message in stretches, each in ``buffer`` until the next is asked for.

    A message that is larger than a processor's cache is sealed a quarter faster so, when
    each block is written while it is warm. ``blocks`` are of ``BLOCK_SIZE``, the last
    may be shorter; ``buffer`` has ``BLOCK_ROOM`` bytes. The first stretch begins with
    salt and commitment.
    """
    encryptor = Cobblestone256Encryptor(key, context)
    view = memoryview(buffer)
    for block in blocks:
        yield view[: encryptor.update_into(block, view)]
    yield memoryview(encryptor.finalize())


def open_blocks(key: bytes, context: bytes, blocks: Iterable[ReadBuffer]) -> Iterator[memoryview]:
    """Yield the plaintext of one message that comes in blocks, each stretch until the next.

    What was yielded is authentic. Whether the message ends where it should, only the
    end tells.

    Raises:
        TamperedError: As ``open_message``. Nothing of the block is left.
    """
    decryptor = Cobblestone256Decryptor(key, context)
    room = memoryview(bytearray(BLOCK_ROOM))
    try:
        for block in blocks:
            yield room[: decryptor.update_into(block, room)]
        rest = decryptor.finalize()
    except InvalidTag as error:
        room[:] = bytes(len(room))
        raise TamperedError(_NOT_AUTHENTIC) from error
    yield memoryview(rest)


def opened_size(sealed_size: int) -> int:
    """Return the plaintext size of a message of ``sealed_size`` bytes.

    Raises:
        TruncatedError: No message has that size.
    """
    full, rest = divmod(sealed_size - PREFIX_SIZE, SEALED_CHUNK_SIZE)
    if full < 0 or rest < TAG_SIZE:
        raise TruncatedError("a sealed message is cut short")
    return full * CHUNK_SIZE + rest - TAG_SIZE


def open_message(key: bytes, context: bytes, sealed: ReadBuffer) -> bytes:
    """Return the plaintext of one message.

    Raises:
        TruncatedError: No message has that size.
        TamperedError: Wrong key, context or bytes; which of them is not
            knowable, and not told.
    """
    opened_size(len(sealed))
    decryptor = Cobblestone256Decryptor(key, context)
    try:
        return decryptor.update(sealed) + decryptor.finalize()
    except InvalidTag as error:
        raise TamperedError(_NOT_AUTHENTIC) from error


def open_message_into(key: bytes, context: bytes, sealed: ReadBuffer, buffer: WriteBuffer) -> int:
    """Open one message into ``buffer`` and return the size of its plaintext.

    Raises:
        MisuseError: ``buffer`` is shorter than the plaintext.
        TruncatedError: No message has that size.
        TamperedError: As ``open_message``; the buffer is zeroed.
    """
    size = opened_size(len(sealed))
    if len(buffer) < size:
        raise MisuseError("the buffer is too small for the plaintext")
    decryptor = Cobblestone256Decryptor(key, context)
    try:
        written = decryptor.update_into(sealed, buffer)
        buffer[written:size] = decryptor.finalize()
    except InvalidTag as error:
        buffer[:size] = bytes(size)
        raise TamperedError(_NOT_AUTHENTIC) from error
    return size


class MessageOpener:
    """Opens any run of chunks of one message whose prefix and size are known.

    The size has to be authentic: it comes from a header under a MAC, and the
    caller opens the last chunk before it believes any other (SPEC container
    §7.3).
    """

    __slots__ = ("_aead", "_base_nonce", "chunk_count", "plaintext_size")

    def __init__(self, key: bytes, context: bytes, prefix: bytes, *, plaintext_size: int) -> None:
        """Derive the keys of the message that begins with ``prefix``.

        Raises:
            TamperedError: The commitment is not that of key, salt and context.
        """
        info = _INFO + prefix[:SALT_SIZE] + context
        length = KEY_SIZE + _NONCE_SIZE + COMMITMENT_SIZE
        okm = HKDFExpand(algorithm=hashes.SHA512(), length=length, info=info).derive(key)
        if not hmac.compare_digest(okm[KEY_SIZE + _NONCE_SIZE :], prefix[SALT_SIZE:]):
            raise TamperedError(_NOT_AUTHENTIC)
        self._aead = AESGCM(okm[:KEY_SIZE])
        self._base_nonce = int.from_bytes(okm[KEY_SIZE : KEY_SIZE + _NONCE_SIZE], "big")
        self.plaintext_size = plaintext_size
        self.chunk_count = plaintext_size // CHUNK_SIZE + 1

    def chunk_plaintext_size(self, chunk: int) -> int:
        """Return how many bytes of plaintext a chunk holds."""
        return min(CHUNK_SIZE, self.plaintext_size - chunk * CHUNK_SIZE)

    def open_run(self, first: int, sealed: memoryview, plaintext: memoryview) -> None:
        """Open whole chunks that lie one after the other, from chunk ``first``.

        ``sealed`` holds them exactly, and ``plaintext`` has exactly the room.

        Raises:
            TamperedError: A chunk was altered; ``plaintext`` is zeroed.
        """
        decrypt_into, nonce, start = self._aead.decrypt_into, self._base_nonce, 0
        chunk = first
        try:
            for at in range(0, len(sealed), SEALED_CHUNK_SIZE):
                start += decrypt_into(
                    (nonce ^ chunk).to_bytes(_NONCE_SIZE, "big"),
                    sealed[at : at + SEALED_CHUNK_SIZE],
                    None,
                    plaintext[start : start + CHUNK_SIZE],
                )
                chunk += 1
        except InvalidTag as error:
            plaintext[:] = bytes(len(plaintext))
            raise TamperedError(f"chunk {chunk} was altered") from error

    def is_of(self, chunk: int, plaintext: ReadBuffer, sealed: memoryview) -> bool:
        """Return whether ``sealed`` ends in the tag that ``plaintext`` has as this chunk.

        Then it is what was sealed, whatever became of the bytes before the tag. What is
        sealed here for that goes nowhere: a chunk has one plaintext under one salt.
        """
        nonce = (self._base_nonce ^ chunk).to_bytes(_NONCE_SIZE, "big")
        tag = self._aead.encrypt(nonce, plaintext, None)[-TAG_SIZE:]
        return hmac.compare_digest(tag, sealed[-TAG_SIZE:])
