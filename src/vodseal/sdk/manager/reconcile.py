"""Who runs: the one place where wish and fact are compared.

``reconcile`` looks at everything and says what to do so that both agree. It is
called after anything happened, so no event needs to know of another. The rules,
in order of weight:

1. What is not wished to run does not run.
2. Nothing runs against the rules: little space, a network that costs money, a
   time of day (B36). What is processing needs no network, and is left alone by
   the last two.
3. Never more at once than the limit (B33). Who is over it when the limit is
   lowered is who would have started last.
4. Who starts is who is first by priority, then by position. Nobody is stopped
   for somebody else. Who has no room on disk because of those that run is not
   overtaken by smaller ones, which would starve it.
5. What would not fit even alone is refused, with nothing written (B36).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from vodseal.errors import MisuseError
from vodseal.sdk.manager.model import REMOVALS, Fact, WaitReason, Wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from vodseal.sdk.manager.model import DownloadItem, TimeWindow

__all__ = ["Action", "Circumstances", "Decision", "Deed", "QueueRules", "in_order", "reconcile"]

_MEBIBYTE: Final = 1 << 20
_LEAST, _MOST = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """When downloads of a queue may run."""

    limit: int = 3
    """How many run at once, 1 to 5."""

    metered_allowed: bool = False
    """Whether to download over a network that costs money."""

    window: TimeWindow | None = None
    """The time of day for all of them; None for any."""

    reserve_size: int = 100 * _MEBIBYTE
    """Bytes that a download must leave free on disk, or it is refused (B36)."""

    low_size: int = 200 * _MEBIBYTE
    """With fewer bytes free than this, none runs (B36)."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            MisuseError: The limit is not 1 to 5, or a size is negative.
        """
        if not _LEAST <= self.limit <= _MOST:
            raise MisuseError("a queue runs 1 to 5 downloads at once")
        if self.reserve_size < 0 or self.low_size < 0:
            raise MisuseError("a size is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the rules are held against."""

    minute: int = 0
    """Of the local day."""

    is_metered: bool = False
    free_size: int | None = None
    """Bytes on the disk of the queue; None when nobody can tell."""


class Deed(StrEnum):
    """What is to be done about one download."""

    STOP = "stop"  # Let its run end; what it has staged is kept.
    FORGET = "forget"
    ERASE = "erase"  # Delete its files, then forget it.
    REFUSE = "refuse"  # It does not fit on the disk.
    START = "start"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do."""

    deed: Deed
    item_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do, in this order, and what those wait for that do not run."""

    actions: tuple[Action, ...] = ()
    waits: Mapping[int, WaitReason] = field(default_factory=dict)


def in_order(items: Iterable[DownloadItem]) -> list[DownloadItem]:
    """Return downloads in the order in which they start."""
    return sorted(items, key=lambda item: (-item.priority, item.position, item.id))


def reconcile(
    items: Iterable[DownloadItem], rules: QueueRules, now: Circumstances, running: AbstractSet[int]
) -> Decision:
    """Return what makes fact agree with wish. ``running``: the ids of what runs in truth."""
    ordered = in_order(items)
    stops = [Action(Deed.STOP, one) for one in sorted(running - {item.id for item in ordered})]
    removals: list[Action] = []
    going: list[DownloadItem] = []
    waits: dict[int, WaitReason] = {}
    for item in ordered:
        reason = _hindrance(item, rules, now)
        goes = item.id in running and item.wish is Wish.RUN and reason is None
        if goes and len(going) < rules.limit:
            going.append(item)
            continue
        if item.id in running:
            stops.append(Action(Deed.STOP, item.id))
        if item.wish in REMOVALS:
            deed = Deed.ERASE if item.wish is Wish.ERASE else Deed.FORGET
            removals.append(Action(deed, item.id))
        elif item.wish is Wish.RUN and item.fact is not Fact.COMPLETED:
            waits[item.id] = reason or WaitReason.TURN
    free = [item for item in ordered if waits.get(item.id) is WaitReason.TURN]
    starts = _starts([item for item in free if item.id not in running], going, rules, now)
    for item in free:
        if Action(Deed.START, item.id) in starts or Action(Deed.REFUSE, item.id) in starts:
            del waits[item.id]
    return Decision(actions=(*stops, *removals, *starts), waits=waits)


def _starts(
    free: list[DownloadItem], going: list[DownloadItem], rules: QueueRules, now: Circumstances
) -> list[Action]:
    """Return who starts or is refused, of those that nothing but their turn keeps."""
    actions: list[Action] = []
    slots = rules.limit - len(going)
    taken = sum(item.left_size for item in going)
    for item in free:
        if slots == 0 or (_fits(item, 0, rules, now) and not _fits(item, taken, rules, now)):
            break
        if not _fits(item, 0, rules, now):
            actions.append(Action(Deed.REFUSE, item.id))
            continue
        actions.append(Action(Deed.START, item.id))
        taken += item.left_size
        slots -= 1
    return actions


def _hindrance(item: DownloadItem, rules: QueueRules, now: Circumstances) -> WaitReason | None:
    """Return what keeps a download from running, whoever else runs; None for nothing."""
    if now.free_size is not None and now.free_size < rules.low_size:
        return WaitReason.SPACE
    if item.fact is Fact.PROCESSING:
        return None
    if now.is_metered and not rules.metered_allowed:
        return WaitReason.NETWORK
    windows = (rules.window, item.window)
    if any(window is not None and not window.contains(now.minute) for window in windows):
        return WaitReason.SCHEDULE
    return None


def _fits(item: DownloadItem, taken: int, rules: QueueRules, now: Circumstances) -> bool:
    if now.free_size is None:
        return True
    return now.free_size - taken - item.left_size >= rules.reserve_size
