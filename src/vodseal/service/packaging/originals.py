"""Open an original for reading, sealed or clear, as a file object and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.container.reader import SealedReader
from vodseal.vault.sealed_files import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.service.packaging.probe import MediaFile

__all__ = ["open_original"]


@contextlib.contextmanager
def open_original(path: str, content_key: bytes | None) -> Iterator[MediaFile]:
    """Yield the original at ``path``; what is sealed is opened piece by piece, in memory.

    Raises:
        FormatError: It is sealed, and damaged or under another key.
        OSError: It cannot be read.
    """
    if content_key is None:
        with Path(path).open("rb", buffering=0) as file:
            yield file
        return
    with FileSource(Path(path)) as source, SealedReader(source, content_key) as reader:
        yield reader
