"""What a disk may look like after a power cut, from what was done to it before.

The weakest promises that POSIX lets a file system keep: what was written to a
file is there after a sync of that file, what happened to the names in a folder
after a sync of that folder. Everything else that was done may be there, or not,
in any combination, and a write also in part. A rename is all or nothing.

Folders are known by their path (none is ever renamed), files by a number.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

__all__ = [
    "Disk",
    "History",
    "Mark",
    "Name",
    "Operation",
    "Resize",
    "State",
    "Sync",
    "Write",
    "torn_forms",
]

SECTOR: Final = 512
PAGE: Final = 4096


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written to a file."""

    file: int
    offset: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resize:
    """A file was cut or stretched."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Name:
    """Names in a folder now mean these files: a number, a new folder (-1), or nothing any more."""

    folder: str
    names: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Sync:
    """A file (number) or a folder (path) was made durable, as it was at ``since``."""

    target: int | str
    since: int
    site: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The program gave its word for something."""

    text: str


Operation: TypeAlias = Write | Resize | Name | Sync | Mark
FOLDER: Final = -1


@dataclass(frozen=True, slots=True)
class State:
    """A disk: contents by path; None for a folder."""

    contents: Mapping[str, bytes | None] = field(repr=False)

    @property
    def digest(self) -> bytes:
        """Return what tells it from every other state."""
        whole = hashlib.blake2b(digest_size=16)
        for path, content in sorted(self.contents.items()):
            whole.update(path.encode() + b"\0")
            whole.update(b"/" if content is None else hashlib.blake2b(content).digest())
        return whole.digest()

    def write_to(self, root: Path) -> None:
        """Make it real under ``root``."""
        for path, content in sorted(self.contents.items()):
            target = root / path
            if content is None:
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.write_bytes(content)
                target.chmod(0o600)


class History:
    """Everything that was done to a disk, in order."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)

    def marks(self, until: int) -> set[str]:
        """Return what the program had given its word for before the crash at ``until``."""
        return {one.text for one in self.operations[:until] if isinstance(one, Mark)}

    def sites(self) -> dict[str, int]:
        """Return who asked for syncs, and how often."""
        found: dict[str, int] = {}
        for one in self.operations:
            if isinstance(one, Sync):
                found[one.site] = found.get(one.site, 0) + 1
        return found

    def loose(self, until: int, without: Collection[str] = ()) -> list[int]:
        """Return the numbers of what was done before ``until`` and may be lost.

        ``without`` are sites whose syncs do nothing.
        """
        durable: dict[int | str, int] = {}
        for one in self.operations[:until]:
            if isinstance(one, Sync) and one.site not in without:
                durable[one.target] = max(durable.get(one.target, 0), one.since)
        found = []
        for number, one in enumerate(self.operations[:until]):
            match one:
                case Write(target) | Resize(target) | Name(target):
                    if number >= durable.get(target, 0):
                        found.append(number)
        return found

    def state(
        self,
        until: int,
        lost: Collection[int] = (),
        torn: Mapping[int, int] | None = None,
    ) -> State:
        """Return the disk after a crash at ``until`` that lost some of what was loose.

        ``torn`` says which form of ``torn_forms`` some writes have.
        """
        disk = Disk()
        for number, one in enumerate(self.operations[:until]):
            if number in lost:
                continue
            if isinstance(one, Write) and torn and number in torn:
                data = torn_forms(one.data)[torn[number]]
                disk.do(Write(one.file, one.offset, data))
            else:
                disk.do(one)
        return disk.state()


class Disk:
    """A disk to which things are done."""

    def __init__(self) -> None:
        self._files: dict[int, bytearray] = {}
        self._folders: dict[str, dict[str, int]] = {"": {}}

    def do(self, operation: Operation) -> None:
        """Do it; syncs and marks change nothing."""
        match operation:
            case Write(file, offset, data):
                content = self._files.setdefault(file, bytearray())
                content.extend(bytes(max(0, offset - len(content))))
                content[offset : offset + len(data)] = data
            case Resize(file, size):
                content = self._files.setdefault(file, bytearray())
                content.extend(bytes(max(0, size - len(content))))
                del content[size:]
            case Name(folder, names):
                entries = self._folders.setdefault(folder, {})
                for name, number in names.items():
                    entries.pop(name, None)
                    if number is not None:
                        entries[name] = number

    def state(self) -> State:
        """Return what can be reached from the root."""
        found: dict[str, bytes | None] = {}
        todo = [""]
        while todo:
            folder = todo.pop()
            for name, held in self._folders.get(folder, {}).items():
                path = f"{folder}/{name}".lstrip("/")
                if held == FOLDER:
                    found[path] = None
                    todo.append(path)
                else:
                    found[path] = bytes(self._files.get(held, b""))
        return State(found)


def torn_forms(data: bytes) -> list[bytes]:
    """Return what may be there of a write: its first sectors or pages, the rest missing or zero."""
    size = len(data)
    cuts = {SECTOR, PAGE, size // 2 // SECTOR * SECTOR, (size - 1) // PAGE * PAGE}
    forms = [bytes(size)]
    for cut in sorted(cuts):
        if 0 < cut < size:
            forms += [data[:cut], data[:cut] + bytes(size - cut)]
    return forms
