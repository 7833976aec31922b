"""The files of an app's folder: found, compiled and hashed (SPEC credential §6).

Two rules make the list of an app's files complete:

1. Nothing is passed over. A file is a plain file or a link to one in the same
   folder; whatever else is there is refused.
2. Compiled modules are files of the app, since Python runs them in the place of
   their sources. ``compile_sources`` writes them so that Python finds nothing to
   write itself: they are checked against the hash of the source (PEP 552), not
   against its date. Only what *another* Python has cached may lie beside them:
   the one that runs the app does not look at it.

Hashing is shared by the cores: ``hashlib`` lets the interpreter go meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import py_compile
import stat
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.errors import AppIdentityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AppFiles", "compile_sources", "find_files", "hash_files", "is_foreign_cache"]

_CACHE_FOLDER: Final = "__pycache__"
_MAX_THREADS: Final = 8
_BUFFER_SIZE: Final = 1 << 20
_OPEN_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_CACHED_NAME_STEPS: Final = 3
"""``module.cpython-311.pyc``; optimised ones have a fourth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFiles:
    """What lies in a folder, by relative path with ``/``."""

    sizes: Mapping[str, int]
    links: Mapping[str, str]
    """Where each symbolic link leads to, as it is written in the link."""


def find_files(folder: Path) -> AppFiles:
    """Return every file in ``folder``.

    Raises:
        AppIdentityError: A folder cannot be read, or something in it is neither
            a folder, a plain file nor a link.
    """
    sizes: dict[str, int] = {}
    links: dict[str, str] = {}
    pending = [(os.fspath(folder), "")]
    while pending:
        path, prefix = pending.pop()
        for entry in _entries(path):
            name = prefix + entry.name
            state = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(state.st_mode):
                sizes[name] = state.st_size
            elif stat.S_ISDIR(state.st_mode):
                pending.append((entry.path, name + "/"))
            elif stat.S_ISLNK(state.st_mode):
                links[name] = Path(entry.path).readlink().as_posix()
            else:
                raise AppIdentityError(
                    f"{entry.path} is no plain file",
                    remedy="An app's folder holds folders, plain files and links to them only.",
                )
    return AppFiles(sizes=sizes, links=links)


def is_foreign_cache(path: str) -> bool:
    """Return whether ``path`` is what another Python than this one has compiled."""
    *folders, name = path.split("/")
    steps = name.split(".")
    return (
        bool(folders)
        and folders[-1] == _CACHE_FOLDER
        and len(steps) in {_CACHED_NAME_STEPS, _CACHED_NAME_STEPS + 1}
        and steps[-1] == "pyc"
        and steps[1] != sys.implementation.cache_tag
    )


def compile_sources(folder: Path) -> None:
    """Compile every module in ``folder`` for this Python, so that it has nothing to write there.

    What does not compile cannot be imported either, and is left.

    Raises:
        OSError: A compiled module could not be written.
    """
    for path in find_files(folder).sizes:
        if path.endswith(".py"):
            with warnings.catch_warnings(), contextlib.suppress(py_compile.PyCompileError):
                warnings.simplefilter("ignore")  # the developer has seen them
                py_compile.compile(
                    os.fspath(folder / path),
                    dfile=path,  # no path of the developer's machine is shipped
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
                )


def hash_files(folder: Path, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """Return the SHA-256 of each file, by its path; ``sizes`` says which come first.

    Raises:
        AppIdentityError: A file cannot be read, or has become a link.
    """
    hasher = _Hasher(os.fspath(folder), sorted(sizes, key=sizes.__getitem__))
    count = min(_MAX_THREADS, os.cpu_count() or 1)
    threads = [
        threading.Thread(target=hasher.work, name="vodseal-hash", daemon=True)
        for _ in range(count - 1)
    ]
    for thread in threads:
        thread.start()
    hasher.work()
    for thread in threads:
        thread.join()
    if hasher.failure is not None:
        raise AppIdentityError(f"{hasher.failure.filename} cannot be read") from hasher.failure
    return hasher.digests


class _Hasher:
    """What the threads share. Taking from a list and adding to a dict are atomic."""

    def __init__(self, folder: str, smallest_first: list[str]) -> None:
        self._folder = folder
        self._pending = smallest_first  # the largest is taken first, so that none is left alone
        self.digests: dict[str, bytes] = {}
        self.failure: OSError | None = None

    def work(self) -> None:
        """Hash until nothing is left, or something failed."""
        view = memoryview(bytearray(_BUFFER_SIZE))
        while self._pending and self.failure is None:
            try:
                path = self._pending.pop()
            except IndexError:  # another thread took the last
                return
            try:
                self.digests[path] = self._hash(path, view)
            except OSError as error:
                error.filename = path
                self.failure = error

    def _hash(self, path: str, view: memoryview) -> bytes:
        with io.FileIO(f"{self._folder}/{path}", opener=_open_plain) as file:
            digest = hashlib.sha256()
            while size := file.readinto(view):
                digest.update(view[:size])
            return digest.digest()


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | _OPEN_FLAGS)


def _entries(path: str) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError as error:
        raise AppIdentityError(f"{path} cannot be read") from error
