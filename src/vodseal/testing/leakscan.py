"""Accuse a disk: markers, keys and clear media that should not be there.

Promises, in order of weight:

1. What was planted is found: a marker or a secret at any offset of any file,
   across the borders of blocks, in a file's name or in the text of a symbolic
   link; a secret also as hex, base64 or escaped text; clear MP4, MPEG-TS,
   Matroska and WebM wherever in a file they start (security.md 6, "Plaintext
   on disk").
2. Random bytes are never accused, so that a scan may be an assertion.
3. A file that cannot be read ends the scan with an error: what was not looked
   at is not clean. Only what vanishes while it is being scanned is passed over.
4. A finding names the leak and its place and never holds the secret.

Files are read in blocks, not mapped: a file that another process cuts short
would end a program that has it mapped. A root may be a raw disk image, which
also holds what was deleted.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.testing.media_signatures import REACH, Excerpt, find_media
from vodseal.testing.needles import Needles, encodings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["Finding", "LeakKind", "LeakScanner"]

_BLOCK_SIZE: Final = 8 << 20
_NAME_OFFSET: Final = -1


class LeakKind(StrEnum):
    """What was found."""

    MARKER = "marker"
    """A byte string that was planted in the clear media."""

    SECRET = "secret"  # noqa: S105 - the name of a kind
    """A key or a credential, in one of its written forms."""

    MEDIA = "media"
    """Something that a player would play, by its structure."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One leak: the first of its kind and label in one file."""

    path: Path
    """The file; for a leak in a name, the file of that name."""

    offset: int
    """Bytes from the start of the file; -1 when the name or link text leaks."""

    kind: LeakKind
    """What was found."""

    label: str
    """The name of the marker, of the secret and its form, or of the media structure."""

    def __str__(self) -> str:
        """Return one line for a report."""
        place = "its name" if self.offset == _NAME_OFFSET else f"offset {self.offset:,}"
        return f"{self.kind} {self.label!r} in {self.path} at {place}"


class LeakScanner:
    """Looks for what it was told, in folders, files and disk images."""

    def __init__(
        self,
        *,
        markers: Mapping[str, bytes] | None = None,
        secrets: Mapping[str, bytes] | None = None,
        media: bool = True,
        exclude: Collection[Path] = (),
        block_size: int = _BLOCK_SIZE,
    ) -> None:
        """Take what must not be found.

        Args:
            markers: Byte strings of the clear media, by name.
            secrets: Keys and credentials, by name; each is looked for in all its forms.
            media: Also look for the structure of clear media files.
            exclude: Files and folders that may hold all this, as the source of a test does.
            block_size: How much is read at once.

        Raises:
            MisuseError: A marker or secret is so short that it would be found by chance.
        """
        self._labels = {f"m:{name}": (LeakKind.MARKER, name) for name in markers or {}}
        named = {f"m:{name}": value for name, value in (markers or {}).items()}
        for name, secret in (secrets or {}).items():
            Needles({name: secret})
            for form, value in encodings(secret).items():
                key = f"s:{name}:{form}"
                self._labels[key] = (LeakKind.SECRET, f"{name} as {form}")
                named[key] = value
        self._needles = Needles(named)
        self._media = media
        self._excluded = {path.resolve() for path in exclude}
        self._overlap = max(self._needles.longest, REACH, 64)
        self._buffer = bytearray(self._overlap + max(block_size, self._overlap))

    def scan(self, *roots: Path) -> list[Finding]:
        """Return every leak in the files at and under ``roots``, in order of path.

        Raises:
            OSError: A root does not exist, or something could not be read.
        """
        findings: set[Finding] = set()
        for root in roots:
            root.lstat()
            for path in self._walk(root):
                findings.update(self._scan_name(path, name_from=root))
                with suppress(FileNotFoundError):  # it was removed while we walked
                    findings.update(self._scan_entry(path, is_root=path == root))
        return sorted(findings)

    def scan_bytes(self, data: bytes, name: str) -> list[Finding]:
        """Return every leak in ``data``, which is reported as the file ``name``."""
        part = Excerpt(text=data, size=len(data), base=0, peek=lambda at, n: data[at : at + n])
        return sorted(self._finding(Path(name), key, at) for key, at in self._search(part))

    def _walk(self, root: Path) -> Iterator[Path]:
        if self._excluded and root.resolve() in self._excluded:
            return
        yield root
        if root.is_symlink() or not root.is_dir():
            return
        try:
            children = sorted(root.iterdir())
        except FileNotFoundError:
            return
        for child in children:
            yield from self._walk(child)

    def _scan_name(self, path: Path, *, name_from: Path) -> Iterator[Finding]:
        if path == name_from:
            return
        name = os.fsencode(path.name)
        for key, _ in self._needles.find(name, len(name)):
            yield self._finding(path, key, _NAME_OFFSET)

    def _scan_entry(self, path: Path, *, is_root: bool) -> Iterator[Finding]:
        mode = path.stat().st_mode if is_root else path.lstat().st_mode
        if stat.S_ISLNK(mode):
            target = os.fsencode(path.readlink())
            for key, _ in self._needles.find(target, len(target)):
                yield self._finding(path, key, _NAME_OFFSET)
        elif stat.S_ISREG(mode) or (is_root and stat.S_ISBLK(mode)):
            yield from self._scan_file(path)

    def _scan_file(self, path: Path) -> Iterator[Finding]:
        seen: set[str] = set()
        with path.open("rb", buffering=0) as file, memoryview(self._buffer) as view:

            def peek(at: int, length: int) -> bytes:
                file.seek(at)
                return file.read(length)

            kept, base = 0, 0  # the buffer starts with the last ``kept`` bytes of the one before
            while got := file.readinto(view[kept:]):
                size = kept + got
                part = Excerpt(text=self._buffer, size=size, base=base, peek=peek)
                for key, at in self._search(part):
                    if key not in seen:
                        seen.add(key)
                        yield self._finding(path, key, base + at)
                kept = min(size, self._overlap)
                view[:kept] = bytes(view[size - kept : size])
                base += size - kept
                file.seek(base + kept)

    def _search(self, part: Excerpt) -> Iterator[tuple[str, int]]:
        yield from self._needles.find(part.text, part.size)
        if self._media:
            yield from find_media(part)

    def _finding(self, path: Path, key: str, offset: int) -> Finding:
        kind, label = self._labels.get(key, (LeakKind.MEDIA, key))
        return Finding(path=path, offset=offset, kind=kind, label=label)
