"""One film, opened for playing.

Promises, in order of weight:

1. A byte of a sealed film is handed out only after it was authenticated; what
   does not hold is a ``PlayError``, never garbage (B49, security 3.2).
2. Every failure, when opening and later when reading, is a ``PlayError``:
   20030001 or 20030005 for a path that leads nowhere, 20030003 for the rest,
   with a message and a remedy that tell the causes apart.
3. No network is used, and nothing of the film is written (B17).
4. The license is asked for when a reader is opened, and every 60 seconds while the
   film is read (SPEC license §5.4); the first play is durable before the first byte.

A plain file, as normal mode saves it, opens through the same call.
"""

from __future__ import annotations

import contextlib
import errno
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.container.inspect import describe
from vodseal.container.reader import SealedReader
from vodseal.errors import CredentialError, MisuseError, PlayError, VodsealError
from vodseal.player.failures import explain_failure, missing_security_file
from vodseal.player.license_watch import LicenseWatch
from vodseal.player.source import is_sealed, local_path, open_source
from vodseal.switching import quick_switching
from vodseal.vault import key_service

if TYPE_CHECKING:
    import os
    from pathlib import Path
    from typing import Self

    from _typeshed import WriteableBuffer

    from vodseal.clock import Clock
    from vodseal.container.meta import Meta
    from vodseal.player.license_watch import ContentKeys
    from vodseal.vault.sealed_files import FileSource

__all__ = ["FilmReader", "PlaySession", "open_sealed"]

_PLAIN_TYPES: Final = {".mp4": "video/mp4", ".mp3": "audio/mpeg", ".m4a": "audio/mp4"}


class FilmReader(io.RawIOBase):
    """A film's plaintext as a seekable, read-only stream; not for two threads at once.

    Every failure to read is a ``PlayError``. While it is open the interpreter
    switches quickly, so that a busy thread does not keep the film waiting.
    """

    def __init__(self, inner: io.RawIOBase, path: Path, watch: LicenseWatch | None = None) -> None:
        super().__init__()
        self._switching = contextlib.ExitStack()
        self._switching.enter_context(quick_switching())
        self._inner = inner
        self._path = path
        self._watch = watch

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, as in any file, and return the new position.

        Raises:
            OSError: That is before the start.
        """
        try:
            return self._inner.seek(offset, whence)
        except (MisuseError, ValueError) as error:
            raise OSError(errno.EINVAL, "that is before the start of the film") from error

    def tell(self) -> int:
        """Return the position."""
        return self._inner.tell()

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        """Fill ``buffer`` with what follows; return how many bytes, 0 at the end.

        Raises:
            PlayError: The bytes under the position were altered or cannot be
                read, or the license has ended; none of them was handed out.
        """
        try:
            if self._watch is not None:
                self._watch.ask()
            return self._inner.readinto(buffer)
        except (VodsealError, OSError) as error:
            raise explain_failure(self._path, error) from error

    def close(self) -> None:
        """Forget what is in memory. Closing twice is harmless."""
        self._switching.close()
        self._inner.close()
        super().close()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaySession:
    """A film that is ready to be read, any number of times. Close it when done."""

    path: Path
    size: int
    """Bytes of plaintext."""
    content_type: str
    title: str
    meta: Meta | None
    """What was sealed with the film; None when the file is plain."""
    _source: FileSource = field(repr=False)
    _key: bytes | None = field(repr=False)
    _watch: LicenseWatch | None = field(repr=False)

    @property
    def is_sealed(self) -> bool:
        """Tell whether the film lies in a sealed file."""
        return self.meta is not None

    def open_reader(self) -> FilmReader:
        """Return a reader of its own, at the start. Readers do not disturb one another.

        Raises:
            PlayError: The file is no longer what it was, or its license has ended.
        """
        try:
            if self._key is None or self._watch is None:
                return FilmReader(_PlainReader(self._source), self.path)
            self._watch.ask()
            return FilmReader(SealedReader(self._source, self._key), self.path, self._watch)
        except (VodsealError, OSError) as error:
            raise explain_failure(self.path, error) from error

    def close(self) -> None:
        """Close the file; readers end with it. Closing twice is harmless."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_sealed(
    path: str | os.PathLike[str],
    *,
    keys: ContentKeys | None = None,
    clock: Clock | None = None,
) -> PlaySession:
    """Return a session on the downloaded file at ``path``, sealed or plain.

    Args:
        path: A path or a ``file://`` URL.
        keys: Who opens content keys; the key service of this process by default.
        clock: Decides whether a license is valid now.

    Raises:
        PlayError: The file does not play here; its remedy says what would help.
    """
    file = local_path(path)
    source = open_source(file)
    try:
        if is_sealed(file, source):
            return _sealed_session(file, source, keys or _installed_keys(file), clock)
        return _plain_session(file, source)
    except PlayError:
        source.close()
        raise
    except (VodsealError, OSError) as error:
        source.close()
        raise explain_failure(file, error) from error


def _sealed_session(
    path: Path, source: FileSource, keys: ContentKeys, clock: Clock | None
) -> PlaySession:
    clock = clock or SystemClock()
    header = describe(source).header
    key = keys.open_content_key(header.download_id, clock.now())
    with SealedReader(source, key) as reader:
        meta = reader.meta
        size = reader.size
    return PlaySession(
        path=path,
        size=size,
        content_type=meta.content_type,
        title=meta.title,
        meta=meta,
        _source=source,
        _key=key,
        _watch=LicenseWatch(keys, header.download_id, clock),
    )


def _plain_session(path: Path, source: FileSource) -> PlaySession:
    return PlaySession(
        path=path,
        size=source.size,
        content_type=_PLAIN_TYPES.get(path.suffix.lower(), "video/mp4"),
        title=path.stem,
        meta=None,
        _source=source,
        _key=None,
        _watch=None,
    )


def _installed_keys(path: Path) -> ContentKeys:
    try:
        return key_service.current()
    except CredentialError as error:
        raise missing_security_file(path) from error


class _PlainReader(io.RawIOBase):
    """A plain file's bytes, with a position of its own."""

    def __init__(self, source: FileSource) -> None:
        super().__init__()
        self._source = source
        self._position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}
        if whence not in bases or bases[whence] + offset < 0:
            raise ValueError(f"cannot seek to {offset} from {whence}")
        self._position = bases[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        count = self._source.read_into(self._position, view)
        self._position += count
        return count
