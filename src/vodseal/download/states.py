"""The life of one downloader, as a table.

Rule 1: every transition is a row of ``TRANSITIONS``. No other module assigns a
state; they all call ``advance``.

Rule 2: nothing here reads a clock, a disk or a socket, so that the whole life
of a downloader can be walked in a test, in microseconds.

Rule 3: what is harmless is a row too, and not an ``if`` at the caller: stop and
release may come at any time, and twice (client-surface B27). What is refused is
refused here: a late event of a run that was stopped (B26, B30), any use after
release (B28).

Of a download only ``JobState`` is stored, in its journal; these states live and
die with the object. The picture in ``docs/explanation/downloads.md`` is printed
from this table by ``to_mermaid``; a test fails when the two differ.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.errors import IllegalTransitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TRANSITIONS", "Event", "State", "advance", "to_mermaid"]


class State(StrEnum):
    """Where a downloader stands."""

    IDLE = "idle"
    """Nothing was asked of it yet, or its files were deleted."""

    PREPARING = "preparing"
    """The service is asked which tracks there are."""

    PREPARED = "prepared"
    """The tracks are known."""

    DOWNLOADING = "downloading"
    """Pieces are fetched, checked and sealed into staging."""

    PROCESSING = "processing"
    """All pieces are durable; the film is made of them. Needs no network."""

    COMPLETED = "completed"
    """The file was read back and has its name."""

    FAILED = "failed"
    """A listener heard the error. Staged pieces are kept."""

    STOPPED = "stopped"
    """The app stopped it. Staged pieces are kept."""

    RELEASED = "released"
    """The object is used up. There is no way back; its files stay."""


class Event(StrEnum):
    """What can happen to a downloader."""

    PREPARE = "prepare"  # The app asked for the tracks.
    PREPARED = "prepared"  # The service answered.
    START = "start"  # The app asked; a resume needs no prepare (B25).
    STAGED = "staged"  # The last piece is durable.
    COMPLETE = "complete"  # The file was read back.
    FAIL = "fail"  # The run gave up; a listener hears why.
    STOP = "stop"  # The app asked.
    DELETE = "delete"  # The app had the files of a run at rest deleted.
    RELEASE = "release"  # The app is done with the object.


_AT_REST: Final = {
    Event.PREPARE: State.PREPARING,
    Event.START: State.DOWNLOADING,
    Event.DELETE: State.IDLE,
    Event.RELEASE: State.RELEASED,
}
_AT_WORK: Final = {
    Event.FAIL: State.FAILED,
    Event.STOP: State.STOPPED,
    Event.RELEASE: State.RELEASED,
}

TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = MappingProxyType(
    {
        State.IDLE: {**_AT_REST, Event.STOP: State.IDLE},
        State.PREPARING: {**_AT_WORK, Event.PREPARED: State.PREPARED},
        State.PREPARED: {**_AT_REST, Event.STOP: State.PREPARED, Event.DELETE: State.PREPARED},
        State.DOWNLOADING: {**_AT_WORK, Event.STAGED: State.PROCESSING},
        State.PROCESSING: {**_AT_WORK, Event.COMPLETE: State.COMPLETED},
        State.COMPLETED: {**_AT_REST, Event.STOP: State.COMPLETED},
        State.FAILED: {**_AT_REST, Event.STOP: State.FAILED},
        State.STOPPED: {**_AT_REST, Event.STOP: State.STOPPED},
        State.RELEASED: {Event.STOP: State.RELEASED, Event.RELEASE: State.RELEASED},
    }
)


def advance(state: State, event: Event) -> State:
    """Return the state that follows ``event``.

    Raises:
        IllegalTransitionError: ``event`` is not allowed in ``state``. Nothing
            changed; a late event from a stopped run ends here.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransitionError(state, event) from None


def to_mermaid() -> str:
    """Return the table as a Mermaid state diagram, one line per transition."""
    rows = (
        f"    {state} --> {target}: {event}"
        for state, moves in TRANSITIONS.items()
        for event, target in moves.items()
    )
    return "\n".join(["stateDiagram-v2", *rows]) + "\n"
