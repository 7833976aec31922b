"""The chain of the audit log: what an attacker does to ten thousand records is found.

Two attackers: one who edits bytes, and one who knows the format and computes
every hash behind the edit anew. The second is stopped by the signed checkpoints.
"""

from __future__ import annotations

import functools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.container.cbor import encode
from vodseal.errors import AuditLogError
from vodseal.service.audit.chain import (
    HEADER_SIZE,
    AuditEvent,
    ChainState,
    Checkpoint,
    encode_header,
    frame,
    parse_header,
    scan,
)
from vodseal.service.audit.reading import CHECKPOINTS, verify_log

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
COUNT = 10_000
EVERY = 1000
BEGIN = ChainState.begin(b"l" * 16)


def event(number: int) -> AuditEvent:
    return AuditEvent(
        actor=f"VSAK{number % 7}",
        action="key.open",
        object=f"stream/{number:032x}",
        request_id=f"R{number}",
        context={"purpose": "stream", "via": "key-server"},
    )


@functools.cache
def records() -> list[bytes]:
    return [event(number).encode(number, number * 1000) for number in range(1, COUNT + 1)]


@functools.cache
def states() -> list[ChainState]:
    """The state before each record, and after the last."""
    found = [BEGIN]
    for record in records():
        found.append(found[-1].after(record))
    return found


def frames(of: list[bytes], state: ChainState) -> bytes:
    made = []
    for record in of:
        state = state.after(record)
        made.append(frame(record) + state.hash)
    return b"".join(made)


@functools.cache
def framed() -> list[bytes]:
    return [
        frame(record) + state.hash for record, state in zip(records(), states()[1:], strict=True)
    ]


def check(pieces: list[bytes], at: int, end: int = 0) -> None:
    """Check some frames that stand behind the record ``at``; all before them hold."""
    state = states()[at]
    for found in scan(b"".join(pieces), state, 0):
        state = found.state
    if end and state != states()[end]:
        raise AuditLogError("the end was removed")


def found_at(pieces: list[bytes], at: int, end: int = 0) -> bool:
    try:
        check(pieces, at, end)
    except AuditLogError:
        return True
    return False


def test_what_was_written_is_read():
    found = list(scan(encode_header(BEGIN) + b"".join(framed()), BEGIN))
    assert len(found) == COUNT
    assert [item.event for item in found[:3]] == [event(1), event(2), event(3)]
    assert found[-1].state == states()[-1]
    assert found[-1].time_ms == COUNT * 1000
    assert parse_header(encode_header(states()[7]), "x") == states()[7]


def test_an_edit_is_found_at_every_record():
    missed = []
    for at in range(COUNT):
        piece = bytearray(framed()[at])
        piece[4 + at % (len(piece) - 4)] ^= 1 << at % 8
        if not found_at([bytes(piece), *framed()[at + 1 : at + 2]], at):
            missed.append(at)
    assert missed == []


def test_a_removal_is_found_at_every_record():
    missed = [
        at for at in range(COUNT) if not found_at(framed()[at + 1 : at + 3], at, min(at + 3, COUNT))
    ]
    assert missed == []


def test_a_swap_of_neighbours_is_found_at_every_record():
    missed = [at for at in range(COUNT - 1) if not found_at([framed()[at + 1], framed()[at]], at)]
    assert missed == []


def test_a_copy_put_in_again_is_found_at_every_record():
    missed = [at for at in range(COUNT) if not found_at([framed()[at]] * 2, at)]
    assert missed == []


def test_a_cut_is_found_at_every_record():
    """At a record's end and inside of it; what is left holds, and ends before the checkpoint."""
    for at in range(COUNT):
        state, kept = states()[at], framed()[at][: at % len(framed()[at])]
        assert list(scan(kept, state, 0)) == []
        assert state.sequence < COUNT


def write(folder, of: list[bytes], checkpoints: list[Checkpoint]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{1:020}.log").write_bytes(encode_header(BEGIN) + frames(of, BEGIN))
    sealed = b"".join(frame(checkpoint.seal(KEY)) for checkpoint in checkpoints)
    (folder / CHECKPOINTS).write_bytes(sealed)


def signed() -> list[Checkpoint]:
    return [
        Checkpoint(state=states()[number], time_ms=number)
        for number in range(EVERY, COUNT + 1, EVERY)
    ]


def test_a_log_that_holds_is_told_so(tmp_path):
    write(tmp_path / "audit", records(), signed())
    found = verify_log(tmp_path / "audit", KEY.public_key())
    assert (found.state, found.signed, found.checkpoints) == (states()[-1], COUNT, COUNT // EVERY)


SMALL = 3000


def spoilt(kind: str, at: int) -> list[bytes]:
    """The records as an attacker leaves them who computes all hashes anew."""
    of = records()[:SMALL]
    if kind == "edit":
        of[at] = event(99).encode(at + 1, 7)
    elif kind == "remove":
        del of[at]
        of[at:] = [event(n).encode(n, 1) for n in range(at + 1, SMALL)]
    elif kind == "reorder":
        of[at : at + 2] = [event(at + 2).encode(at + 1, 1), event(at + 1).encode(at + 2, 1)]
    else:
        del of[at:]
    return of


@pytest.mark.parametrize("at", [0, 998, 999, 1000, SMALL - 2])
@pytest.mark.parametrize("kind", ["edit", "remove", "reorder", "cut"])
def test_hashes_made_anew_do_not_fit_the_checkpoints(tmp_path, kind, at):
    write(tmp_path / "audit", spoilt(kind, at), signed()[: SMALL // EVERY])
    with pytest.raises(AuditLogError):
        verify_log(tmp_path / "audit", KEY.public_key())


def test_a_checkpoint_kept_elsewhere_finds_a_log_cut_together_with_its_checkpoints(tmp_path):
    write(tmp_path / "audit", records()[:2321], signed()[:2])
    assert verify_log(tmp_path / "audit", KEY.public_key()).state.sequence == 2321
    with pytest.raises(AuditLogError, match="ends before record 3000"):
        verify_log(tmp_path / "audit", KEY.public_key(), signed()[2].seal(KEY))


def test_a_checkpoint_of_another_key_or_log_is_refused(tmp_path):
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    write(tmp_path / "audit", records()[:10], [])
    stranger = ChainState.begin(b"x" * 16)
    for kept in (
        Checkpoint(state=states()[5], time_ms=1).seal(other),
        Checkpoint(
            state=ChainState(log_id=stranger.log_id, sequence=5, hash=states()[5].hash), time_ms=1
        ).seal(KEY),
        b"not an envelope",
    ):
        with pytest.raises(AuditLogError):
            verify_log(tmp_path / "audit", KEY.public_key(), kept)


def test_a_record_is_bounded_and_keeps_no_lone_surrogate():
    long = AuditEvent(
        actor="a" * 1000, action="b" * 1000, object="\ud800", context={"name": "c" * 9000}
    )
    state = BEGIN.after(long.encode(1, 1))
    [found] = scan(frame(long.encode(1, 1)) + state.hash, BEGIN, 0)
    assert len(found.event.actor) == 256
    assert found.event.object == "?"
    assert len(long.encode(1, 1)) < 6000


@pytest.mark.parametrize("context", ["[1]", "7", '"x"', "[" * 4000, '{"a"'])
def test_a_context_that_is_no_object_is_kept_as_its_text(context):
    values = {0: 1, 1: 1, 2: "a", 3: "b", 4: "c", 5: "d", 6: "e", 7: context}
    record = encode(values)
    [found] = scan(frame(record) + BEGIN.after(record).hash, BEGIN, 0)
    assert found.event.context == {"": context}


def test_zeros_that_a_crash_leaves_are_an_end():
    data = encode_header(BEGIN) + framed()[0] + bytes(4096)
    [found] = scan(data, BEGIN)
    assert found.end == HEADER_SIZE + len(framed()[0])


@pytest.mark.parametrize("data", [b"", b"x" * HEADER_SIZE, encode_header(BEGIN)[:-1]])
def test_other_files_are_no_log(data):
    with pytest.raises(AuditLogError):
        parse_header(data, "name")
