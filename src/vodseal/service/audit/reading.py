"""The audit log as it is read: its end for the writer, all of it for a check (SPEC keys §2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.errors import AuditLogError
from vodseal.service.audit.chain import (
    HEADER_SIZE,
    ChainState,
    Checkpoint,
    parse_header,
    scan,
    split_frames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from vodseal.service.audit.chain import Scanned

__all__ = [
    "CHECKPOINTS",
    "Tail",
    "Verified",
    "newest_checkpoint",
    "read_log",
    "read_tail",
    "verify_log",
]

CHECKPOINTS: Final = "checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Where a writer goes on."""

    path: Path
    state: ChainState
    end: int
    """Of what holds; a crash may have left more."""
    signed: int
    """The sequence of the last checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A log that holds."""

    state: ChainState
    begun_ms: int
    signed: int
    """The sequence of the last checkpoint: what follows it is chained, and not signed."""
    checkpoints: int


def read_tail(folder: Path, key: Ed25519PublicKey) -> Tail | None:
    """Return the end of the log in ``folder``; None when there is none.

    Only the last file is read; ``verify_log`` reads all.

    Raises:
        AuditLogError: The end does not hold, or is before the last checkpoint.
    """
    files = _files(folder)
    last = _last(_checkpoints(folder, key))
    if files and len(files[-1].read_bytes()) < HEADER_SIZE:
        files.pop()  # a crash came before its first record
    if not files:
        if last is not None:
            raise AuditLogError("the files of the audit log are gone, and its checkpoints are not")
        return None
    path = files[-1]
    data = path.read_bytes()
    state, end = parse_header(data, path.name), HEADER_SIZE
    known = {state.sequence: state}
    for found in scan(data, state):
        state, end = found.state, found.end
        known[state.sequence] = state
    if last is not None and last.state.sequence >= min(known):
        _match(last, known)
    return Tail(path=path, state=state, end=end, signed=last.state.sequence if last else 0)


def read_log(folder: Path) -> Iterator[Scanned]:
    """Yield every record, in order.

    Raises:
        AuditLogError: The chain breaks; all that was yielded holds by itself.
    """
    state: ChainState | None = None
    for path in _files(folder):
        data = path.read_bytes()
        if len(data) < HEADER_SIZE and path == _files(folder)[-1]:
            return
        begins = parse_header(data, path.name)
        if path.name != f"{begins.sequence + 1:020}.log":
            raise AuditLogError(f"{path.name} was given another name")
        expected = ChainState.begin(begins.log_id) if state is None else state
        if begins != expected:
            after = f"after record {expected.sequence}" if state else "at its beginning"
            raise AuditLogError(f"a file of the audit log is missing {after}")
        state = begins
        for found in scan(data, state):
            state = found.state
            yield found


def verify_log(folder: Path, key: Ed25519PublicKey, kept: bytes | None = None) -> Verified:
    """Return what the log in ``folder`` amounts to, when it holds.

    ``kept`` is a checkpoint that was kept elsewhere.

    Raises:
        AuditLogError: It does not hold, and the message says from where on.
    """
    checkpoints = _checkpoints(folder, key)
    wanted = [*checkpoints, *([Checkpoint.open(kept, key)] if kept is not None else [])]
    sequences = {checkpoint.state.sequence for checkpoint in wanted}
    known: dict[int, ChainState] = {}
    first: Scanned | None = None
    state: ChainState | None = None
    for found in read_log(folder):
        first, state = first or found, found.state
        if state.sequence in sequences:
            known[state.sequence] = state
    for checkpoint in wanted:
        _match(checkpoint, known)
    if first is None or state is None:
        raise AuditLogError("there is no audit log here")
    last = _last(checkpoints)
    return Verified(
        state=state,
        begun_ms=first.time_ms,
        signed=last.state.sequence if last else 0,
        checkpoints=len(checkpoints),
    )


def newest_checkpoint(folder: Path) -> bytes:
    """Return the last checkpoint, sealed: what to keep elsewhere.

    Raises:
        AuditLogError: There is none yet.
    """
    try:
        sealed = list(split_frames((folder / CHECKPOINTS).read_bytes()))
    except OSError:
        sealed = []
    if not sealed:
        raise AuditLogError("nothing of the audit log is signed yet")
    return sealed[-1]


def _match(checkpoint: Checkpoint, known: dict[int, ChainState]) -> None:
    wanted = checkpoint.state
    found = known.get(wanted.sequence)
    if found is None:
        raise AuditLogError(
            f"the audit log ends before record {wanted.sequence}, which was signed: "
            "its end was removed"
        )
    if found != wanted:
        raise AuditLogError(
            f"the audit log up to record {wanted.sequence} is not the one that was signed"
        )


def _checkpoints(folder: Path, key: Ed25519PublicKey) -> list[Checkpoint]:
    try:
        data = (folder / CHECKPOINTS).read_bytes()
    except FileNotFoundError:
        return []
    return [Checkpoint.open(sealed, key) for sealed in split_frames(data)]


def _last(checkpoints: list[Checkpoint]) -> Checkpoint | None:
    return max(checkpoints, key=lambda found: found.state.sequence, default=None)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))
