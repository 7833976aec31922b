"""The sizes of a sealed file, and the arithmetic between them (SPEC container §2).

Every position follows from the plaintext length alone: a reader never walks
through a file to find something in it.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "CHUNKS_PER_PART",
    "CHUNK_SIZE",
    "CHUNK_SIZE_LOG2",
    "COMMITMENT_SIZE",
    "HEADER_SIZE",
    "KEY_SIZE",
    "MAGIC",
    "MAX_META_SIZE",
    "MAX_PLAINTEXT_SIZE",
    "PART_SIZE",
    "PREFIX_SIZE",
    "SALT_SIZE",
    "SEALED_CHUNK_SIZE",
    "SEALED_PART_SIZE",
    "TAG_SIZE",
    "meta_offset",
    "part_count",
    "part_offset",
    "part_plaintext_size",
    "sealed_message_size",
]

MAGIC: Final = b"\x89VSL\r\n\x1a\n"
KEY_SIZE: Final = 32
SALT_SIZE: Final = 24
COMMITMENT_SIZE: Final = 32
PREFIX_SIZE: Final = SALT_SIZE + COMMITMENT_SIZE
TAG_SIZE: Final = 16

CHUNK_SIZE_LOG2: Final = 14
CHUNK_SIZE: Final = 1 << CHUNK_SIZE_LOG2
SEALED_CHUNK_SIZE: Final = CHUNK_SIZE + TAG_SIZE
CHUNKS_PER_PART: Final = 512
PART_SIZE: Final = CHUNKS_PER_PART * CHUNK_SIZE
SEALED_PART_SIZE: Final = PREFIX_SIZE + CHUNKS_PER_PART * SEALED_CHUNK_SIZE + TAG_SIZE

HEADER_SIZE: Final = 4096
MAX_META_SIZE: Final = 1 << 26
"""64 MiB: the part table of a film of 9 TB. A reader holds the meta in memory."""
MAX_PLAINTEXT_SIZE: Final = ((1 << 32) - 1) * PART_SIZE - 1
"""What a part count of four bytes can say."""


def sealed_message_size(plaintext_size: int) -> int:
    """Return the size of one Cobblestone message; its last chunk is always a short one."""
    return PREFIX_SIZE + plaintext_size + (plaintext_size // CHUNK_SIZE + 1) * TAG_SIZE


def part_count(plaintext_size: int) -> int:
    """Return how many parts a file has; the last is short, and may be empty."""
    return plaintext_size // PART_SIZE + 1


def part_offset(part: int) -> int:
    """Return where a part begins in the sealed file."""
    return HEADER_SIZE + part * SEALED_PART_SIZE


def part_plaintext_size(part: int, plaintext_size: int) -> int:
    """Return how many bytes of plaintext a part holds."""
    return min(PART_SIZE, plaintext_size - part * PART_SIZE)


def meta_offset(plaintext_size: int) -> int:
    """Return where the last part ends and the meta begins."""
    last = part_count(plaintext_size) - 1
    return part_offset(last) + sealed_message_size(part_plaintext_size(last, plaintext_size))
