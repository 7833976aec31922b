"""A file of the audit log: its bytes as they come, or its records chained again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz import kit
from vodseal.service.audit.chain import (
    HEADER_SIZE,
    AuditEvent,
    ChainState,
    encode_header,
    frame,
    parse_header,
    scan,
    split_frames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 1
BEGIN: Final = ChainState.begin(b"L" * 16)


def test_one(data: bytes) -> bool:
    """The first byte says which: 0 a whole file, 1 one record, else records in frames."""
    if not data:
        return False
    content = data[1:]
    if data[0] == 0:
        list(split_frames(content))
        return kit.takes(lambda: _read(content))
    records = [content] if data[0] == 1 else list(split_frames(content))
    return kit.takes(lambda: _read(_chained(records)))


def _chained(records: list[bytes]) -> bytes:
    state, file = BEGIN, encode_header(BEGIN)
    for record in records:
        state = state.after(record)
        file += frame(record) + state.hash
    return file


def _read(file: bytes) -> None:
    state = parse_header(file, "a file")
    end = HEADER_SIZE
    for found in scan(file, state):
        assert end < found.end <= len(file)
        end = found.end
        found.event.encode(found.state.sequence, found.time_ms)


def seeds() -> Iterator[bytes]:
    event = AuditEvent(actor="a", action="key.open", object="o", context={"purpose": "p"})
    records = [event.encode(sequence, 1_800_000_000_000) for sequence in (1, 2, 3)]
    yield b"\0" + _chained(records)
    yield b"\0" + _chained(records)[:-5]
    yield b"\1" + records[0]
    yield b"\2" + b"".join(map(frame, records))
