"""A local path, as the player's only source (client-surface 3: UrlSource with a path).

A downloaded file is named by its path alone. What it is, sealed or plain, is
read from its first bytes, so that a renamed file plays as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from vodseal.container.layout import MAGIC
from vodseal.error_codes import ErrorCode
from vodseal.errors import NotSealedError, PlayError
from vodseal.vault.sealed_files import FileSource

if TYPE_CHECKING:
    import os

__all__ = ["is_sealed", "local_path", "open_source"]

_SEALED_SUFFIX: Final = ".vseal"


def local_path(uri: str | os.PathLike[str]) -> Path:
    """Return the path that ``uri`` names: a path, or a ``file://`` URL.

    Raises:
        PlayError: It is empty (20030005), or names something that is not on
            this machine (20030001).
    """
    if not isinstance(uri, str):
        return Path(uri)
    if not uri.strip():
        raise PlayError("no file was named", code=ErrorCode.DATASOURCE_EMPTYURL)
    if "://" not in uri:
        return Path(uri)
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        raise PlayError("only files on this machine are played", code=ErrorCode.DEMUXER_OPENURL)
    return Path(unquote(parts.path))


def open_source(path: Path) -> FileSource:
    """Return the bytes of ``path``, for several readers at once.

    They stay there until it is closed, so that a film goes on playing when its
    file is deleted or replaced. A link is followed: the user named it.

    Raises:
        PlayError: It is missing, not a file, or may not be read (20030001).
    """
    try:
        return FileSource(path.resolve())
    except NotSealedError as error:
        raise PlayError(f"{path.name}: not a file", code=ErrorCode.DEMUXER_OPENURL) from error
    except OSError as error:
        why = error.strerror or "it cannot be opened"
        raise PlayError(f"{path.name}: {why}", code=ErrorCode.DEMUXER_OPENURL) from error


def is_sealed(path: Path, source: FileSource) -> bool:
    """Tell whether a file is, or calls itself, a sealed file."""
    head = bytearray(len(MAGIC))
    source.read_into(0, memoryview(head))
    return head == MAGIC or path.suffix == _SEALED_SUFFIX
