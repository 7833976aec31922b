"""Write down everything that a run does to its disk, and who asked for each sync."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torture.calls import read_memory, read_vector
from torture.disk import FOLDER, History, Mark, Name, Operation, Resize, Sync, Write
from torture.tracer import Next, Tracer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from torture.calls import Call

__all__ = ["MARKS", "Recorder", "mark", "tell_sites"]

MARKS: Final = "marks"
"""A file beside those of the run: what is written to it is not on the disk, but in the record."""
_SITE: Final = "site "
_SHARED_MEMORY: Final = "-shm"
"""SQLite makes it anew after a crash, whatever it holds."""
_SOURCES: Final = f"{Path(__file__).resolve().parents[1] / 'src' / 'vodseal'}/"
_LINE: Final = ":"
_PLUMBING: Final = {"sync_file", "sync_folder", "sync", "_new_name_in", "_sync", "_finish_writing"}
"""What syncs because somebody else said so."""


def mark(root: Path, text: str) -> None:
    """Say that something is promised from now on."""
    with open(root / MARKS, "ab", buffering=0) as file:
        file.write(f"{text}\n".encode())


def tell_sites(root: Path) -> None:
    """Let this process say, before each sync that Python asks for, which of our functions did."""
    for name in ("fsync", "fdatasync"):
        setattr(os, name, _telling(getattr(os, name), root))


def _telling(sync: Callable[[int], None], root: Path) -> Callable[[int], None]:
    def tell(handle: int) -> None:
        mark(root, f"{_SITE}{_site(sys._getframe(1))}")  # noqa: SLF001 - no other way
        sync(handle)

    return tell


def _site(frame: FrameType | None) -> str:
    """Return the function of ours that decided on this sync, and the line in it."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_SOURCES) and code.co_name not in _PLUMBING:
            name = f"{Path(code.co_filename).stem}.{code.co_qualname}"
            return f"{name}{_LINE}{frame.f_lineno}"
        frame = frame.f_back
    return "?"


def _named(operations: list[Operation]) -> list[Operation]:
    """Return the operations with the sites named by function; those of one function numbered."""
    lines: dict[str, list[int]] = {}
    for one in operations:
        if isinstance(one, Sync):
            name, _, line = one.site.partition(_LINE)
            if line and int(line) not in lines.setdefault(name, []):
                lines[name].append(int(line))

    def rename(one: Sync) -> Sync:
        name, _, line = one.site.partition(_LINE)
        several = sorted(lines.get(name, []))
        number = f" {several.index(int(line)) + 1}" if len(several) > 1 else ""
        return replace(one, site=name + number)

    return [rename(one) if isinstance(one, Sync) else one for one in operations]


class Recorder:
    """Records one run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._operations: list[Operation] = []
        self._begun: dict[int, int] = {}
        self._sites: dict[int, str] = {}
        self._known: set[int] = set()
        self._kill_before: Callable[[Call], bool] | None = None

    def record(
        self, work: Callable[[], None], kill_before: Callable[[Call], bool] | None = None
    ) -> int:
        """Do ``work`` in a child, go on writing down, and return its wait status."""
        self._kill_before = kill_before
        return Tracer(self._root, self._before, self._after).run(work)

    def history(self) -> History:
        """Return what was done so far."""
        return History(_named(self._operations))

    def _before(self, call: Call) -> Next:
        if call.path.endswith(_SHARED_MEMORY):
            return Next.GO
        if self._kill_before is not None and self._kill_before(call):
            return Next.KILL
        self._begun[call.thread] = len(self._operations)
        if call.name in {"open", "openat", "creat"} and os.path.exists(call.path):
            self._known.add(os.stat(call.path).st_ino)
        return Next.TELL

    def _after(self, call: Call, result: int) -> None:
        if result < 0:
            return
        if call.path == str(self._root / MARKS):
            self._marked(call, result)
            return
        self._operations.extend(getattr(self, f"_{_DOERS[call.name]}")(call, result))

    def _marked(self, call: Call, result: int) -> None:
        if call.name != "write":
            return
        text = read_memory(call.thread, call.arguments[1], result).decode().strip()
        if text.startswith(_SITE):
            self._sites[call.thread] = text.removeprefix(_SITE)
        else:
            self._operations.append(Mark(text))

    def _opened(self, call: Call, result: int) -> list[Operation]:
        file = os.stat(f"/proc/{call.thread}/fd/{result}").st_ino
        if file in self._known:
            flags = call.arguments[1 if call.name == "open" else 2]
            return [Resize(file, 0)] if flags & os.O_TRUNC else []
        self._known.add(file)
        return [self._name(call.path, file)]

    def _made_folder(self, call: Call, _: int) -> list[Operation]:
        return [self._name(call.path, FOLDER)]

    def _written(self, call: Call, result: int) -> list[Operation]:
        file = self._file(call)
        if call.name in {"writev", "pwritev"}:
            data = read_vector(call.thread, call.arguments[1], call.arguments[2])[:result]
        else:
            data = read_memory(call.thread, call.arguments[1], result)
        if call.name.startswith("p"):
            return [Write(file, call.arguments[3], data)]
        lines = Path(f"/proc/{call.thread}/fdinfo/{call.handle(0)}").read_text(encoding="ascii")
        return [Write(file, int(lines.split()[1]) - result, data)]

    def _resized(self, call: Call, _: int) -> list[Operation]:
        return [Resize(self._file(call), call.arguments[1])]

    def _renamed(self, call: Call, _: int) -> list[Operation]:
        if call.name == "rename":
            old, new = call.path, call.path_of(1)
        else:
            old, new = call.path, call.path_at(2)
        folder, after = os.path.dirname(old), os.path.basename(new)
        if os.path.dirname(new) != folder:
            raise AssertionError("a rename into another folder is not known here")
        return [Name(self._relative(folder), {os.path.basename(old): None, after: _number(new)})]

    def _removed(self, call: Call, _: int) -> list[Operation]:
        return [self._name(call.path, None)]

    def _synced(self, call: Call, _: int) -> list[Operation]:
        since = self._begun[call.thread]
        status = os.stat(f"/proc/{call.thread}/fd/{call.handle(0)}")
        target = self._relative(call.path) if stat.S_ISDIR(status.st_mode) else status.st_ino
        site = self._sites.pop(call.thread, f"sqlite {os.path.basename(call.path)}")
        return [Sync(target, since, site)]

    def _ignored(self, _call: Call, _result: int) -> list[Operation]:
        return []

    def _file(self, call: Call) -> int:
        return os.stat(f"/proc/{call.thread}/fd/{call.handle(0)}").st_ino

    def _name(self, path: str, file: int | None) -> Name:
        folder, name = os.path.split(path)
        return Name(self._relative(folder), {name: file})

    def _relative(self, path: str) -> str:
        relative = os.path.relpath(path, self._root)
        return "" if relative == "." else relative


def _number(path: str) -> int:
    return os.stat(path).st_ino


_DOERS: Final = {
    **dict.fromkeys(("open", "openat", "creat"), "opened"),
    **dict.fromkeys(("mkdir", "mkdirat"), "made_folder"),
    **dict.fromkeys(("write", "pwrite64", "writev", "pwritev"), "written"),
    "ftruncate": "resized",
    **dict.fromkeys(("rename", "renameat", "renameat2"), "renamed"),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), "removed"),
    **dict.fromkeys(("fsync", "fdatasync"), "synced"),
    **dict.fromkeys(("fchmod", "chmod", "fchmodat"), "ignored"),
}
