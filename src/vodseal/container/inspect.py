"""What a sealed file tells without its key: enough to find the license.

Nothing here is authenticated, and nothing says so to the user: it is a hint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE
from vodseal.container.source import read_exactly

if TYPE_CHECKING:
    from vodseal.container.source import Source

__all__ = ["Description", "describe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the header says and how the file compares to it."""

    header: Header
    actual_size: int

    @property
    def is_whole(self) -> bool:
        """Whether the file has the length that its header says."""
        return self.actual_size == self.header.file_size


def describe(source: Source) -> Description:
    """Return what a sealed file tells without its key.

    Raises:
        NotSealedError: Another kind of file, or one that was not finished.
        TruncatedError: It ends within the header.
        UnsupportedVersionError: Written by a later version.
        MalformedError: Its lengths contradict each other.
        OSError: The bytes could not be read.
    """
    data = bytearray(min(HEADER_SIZE, source.size))
    read_exactly(source, 0, memoryview(data))
    return Description(header=Header.peek(bytes(data)), actual_size=source.size)
