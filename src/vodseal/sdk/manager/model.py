"""What a queue knows of a download: what is wished, and what is so.

Rule 1: ``Wish`` is what an app or a person asked for, and ``Fact`` what the runner
found out. Each has one writer's side; only ``reconcile`` compares them.

Rule 2: the values of ``Wish`` and ``Fact`` are stored in users' queues. They are
never renamed and never reused (client-surface 1.14).

Rule 3: what asking changes is a table, ``WISHES``. What is not in it is harmless
and changes nothing, like a pause of what is paused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from vodseal.errors import MisuseError
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.sdk.error_info import ErrorInfo

__all__ = [
    "REMOVALS",
    "UNDER_WAY",
    "WISHES",
    "DownloadGroup",
    "DownloadItem",
    "Edit",
    "Fact",
    "ItemState",
    "TimeWindow",
    "WaitReason",
    "Wish",
]

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class Wish(StrEnum):
    """What was asked for last. The values are stored."""

    RUN = "run"
    """To be completed, when its turn comes."""

    PAUSE = "pause"
    """To keep its place, and not to run."""

    STOP = "stop"
    """Not to run; it has no place any more. Also after an error, or when it is completed."""

    INTERRUPTED = "interrupted"
    """To be completed, but the process that ran it is gone: nothing runs by itself (B34)."""

    REMOVE = "remove"
    """To be forgotten. Its files stay."""

    ERASE = "erase"
    """To be forgotten, with its files and its key."""


class Edit(StrEnum):
    """What can be asked. The values complete "ask to ..."."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    REMOVE = "remove"
    ERASE = "erase"
    INTERRUPT = "interrupt"  # A new process found the queue of one that is gone.
    CONTINUE = "continue"  # Go on where the process before was interrupted.


_ANY: Final = {Edit.REMOVE: Wish.REMOVE, Edit.ERASE: Wish.ERASE}

WISHES: Final[Mapping[Wish, Mapping[Edit, Wish]]] = MappingProxyType(
    {
        Wish.RUN: {
            **_ANY,
            Edit.PAUSE: Wish.PAUSE,
            Edit.STOP: Wish.STOP,
            Edit.INTERRUPT: Wish.INTERRUPTED,
        },
        Wish.PAUSE: {**_ANY, Edit.RESUME: Wish.RUN, Edit.STOP: Wish.STOP},
        Wish.STOP: {**_ANY, Edit.RESUME: Wish.RUN},
        Wish.INTERRUPTED: {
            **_ANY,
            Edit.PAUSE: Wish.PAUSE,
            Edit.RESUME: Wish.RUN,
            Edit.CONTINUE: Wish.RUN,
            Edit.STOP: Wish.STOP,
        },
        Wish.REMOVE: {Edit.ERASE: Wish.ERASE},
        Wish.ERASE: {},
    }
)

REMOVALS: Final = frozenset({Wish.REMOVE, Wish.ERASE})


class Fact(StrEnum):
    """What is so, as far as the runner knows. The values are stored."""

    IDLE = "idle"
    """Nothing runs. There may be staged pieces."""

    DOWNLOADING = "downloading"
    PROCESSING = "processing"

    COMPLETED = "completed"
    """The file was read back and has its name."""

    FAILED = "failed"
    """The last run gave up; ``error`` says why. Staged pieces are kept."""


UNDER_WAY: Final = frozenset({Fact.DOWNLOADING, Fact.PROCESSING})


class ItemState(StrEnum):
    """Where a download in a queue stands: wish and fact in one word."""

    WAITING = "waiting"
    """It runs when its turn comes; ``waits_for`` says what it waits for."""

    DOWNLOADING = "downloading"
    PROCESSING = "processing"
    PAUSED = "paused"
    STOPPED = "stopped"
    """By the app, or because the process that ran it is gone (B34)."""

    COMPLETED = "completed"
    FAILED = "failed"
    REMOVING = "removing"


_STILL: Final[Mapping[Wish, ItemState]] = MappingProxyType(
    {Wish.RUN: ItemState.WAITING, Wish.PAUSE: ItemState.PAUSED}
)


class WaitReason(StrEnum):
    """What a waiting download waits for."""

    TURN = "turn"
    """Others run, as many as may at once, or are before it."""

    SPACE = "space"
    """The disk is nearly full (B36)."""

    NETWORK = "network"
    """The network costs money, and the rules do not allow that."""

    SCHEDULE = "schedule"
    """Its time of day has not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """A time of day, each day, by the local clock; it may go over midnight. In minutes."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the window of a text such as ``22:00-06:30``.

        Raises:
            MisuseError: It is not such a text, or an empty window.
        """
        found = _CLOCK.fullmatch(text)
        if found is None or text[:5] == text[6:]:
            raise MisuseError("a time window is a text such as 22:00-06:30")
        hours, minutes, end_hours, end_minutes = map(int, found.groups())
        return cls(start=hours * 60 + minutes, end=end_hours * 60 + end_minutes)

    def contains(self, minute: int) -> bool:
        """Return whether a minute of the day lies in it; its end does not."""
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        return "-".join(f"{at // 60:02d}:{at % 60:02d}" for at in (self.start, self.end))


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadItem:
    """A download in a queue, as it is now. Times are UTC seconds since 1970."""

    id: int
    """Its number in this queue; never used again."""

    vid: str
    index: int
    """The track's."""

    format: str = ""
    """Empty while nobody knows it."""

    definition: str = ""
    title: str = ""
    group: str = ""
    """What it belongs to, such as a series; empty for none."""

    priority: int = 0
    """Higher ones go first."""

    position: int = 0
    """Among those of the same priority, lower ones go first."""

    wish: Wish = Wish.RUN
    fact: Fact = Fact.IDLE
    progress: Progress = field(default_factory=Progress)
    """Of all runs together: it never goes back, also after a restart."""

    error: ErrorInfo | None = None
    """Why the last run failed."""

    file_name: str = ""
    """Of the finished file, in the folder of the queue."""

    path: str = ""
    """The absolute path of the finished file, by where the queue lies now."""

    window: TimeWindow | None = None
    bytes_per_second: int | None = None
    """The most that it may take of the network; None for no cap of its own."""

    added_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    watched_position_ms: int = 0
    watched_at: float | None = None

    speed: int = 0
    """Bytes per second, over the last seconds."""

    seconds_left: float | None = None
    """Until it is downloaded; None while nobody can tell."""

    waits_for: WaitReason | None = None

    @property
    def state(self) -> ItemState:
        """Where it stands."""
        if self.wish in REMOVALS:
            return ItemState.REMOVING
        if self.fact in UNDER_WAY or self.fact is Fact.COMPLETED:
            return ItemState(self.fact.value)
        if self.wish in _STILL:
            return _STILL[self.wish]
        return ItemState.FAILED if self.fact is Fact.FAILED else ItemState.STOPPED

    @property
    def left_size(self) -> int:
        """Return the bytes that its completion will still take on disk.

        The sealed pieces stay until the file that is made of them was read back.
        """
        total = self.progress.total_size or 0
        if self.fact is Fact.COMPLETED:
            return 0
        if self.fact is Fact.PROCESSING:
            return total * (100 - self.progress.processing) // 100
        return max(0, 2 * total - self.progress.done_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadGroup:
    """What belongs together, such as the episodes of a series, in numbers."""

    name: str
    count: int
    completed: int
    done_size: int
    """Bytes that are here."""

    total_size: int
    """Bytes of all of them, as far as they are known."""
