"""Records of the audit log, their chain and their checkpoints, as bytes (SPEC keys §2).

Everything here is pure: ``log`` writes with it, ``reading`` checks with it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.container import cbor
from vodseal.credential.envelope import EnvelopeType, keys_by_id, open_envelope, seal_envelope
from vodseal.errors import AuditLogError, FormatError
from vodseal.rpc.codec import decode_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = [
    "HASH_SIZE",
    "HEADER_SIZE",
    "LOG_ID_SIZE",
    "AuditEvent",
    "ChainState",
    "Checkpoint",
    "Scanned",
    "encode_header",
    "frame",
    "parse_header",
    "scan",
    "split_frames",
]

HASH_SIZE: Final = 32
LOG_ID_SIZE: Final = 16
_DOMAIN: Final = b"vodseal1/audit\0"
_MAGIC: Final = b"\x89VSA\r\n\x1a\n"
_VERSION: Final = 1
_HEADER: Final = struct.Struct(f">8sB{LOG_ID_SIZE}sQ{HASH_SIZE}s")
HEADER_SIZE: Final = _HEADER.size
_SIZE: Final = struct.Struct(">I")
_MAX_RECORD_SIZE: Final = 1 << 16
_CUT: Final = {2: 256, 3: 64, 4: 256, 5: 128, 6: 64, 7: 4096}
"""The longest texts of a record, by field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened, before it has a place in the chain."""

    actor: str
    action: str
    object: str
    result: str = "ok"
    request_id: str = ""
    context: Mapping[str, str] = field(default_factory=dict)

    def encode(self, sequence: int, time_ms: int) -> bytes:
        """Return the record; texts that are too long are cut."""
        context = json.dumps(dict(self.context), sort_keys=True, ensure_ascii=False)
        texts = (self.actor, self.action, self.object, self.result, self.request_id, context)
        values: cbor.CborMap = {0: sequence, 1: time_ms}
        for key, text in enumerate(texts, start=2):
            values[key] = text[: _CUT[key]].encode(errors="replace").decode()
        return cbor.encode(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """How far a chain is known: the last record's sequence, and its hash."""

    log_id: bytes
    sequence: int
    hash: bytes

    @classmethod
    def begin(cls, log_id: bytes) -> ChainState:
        """Return the state of a log without records."""
        return cls(log_id=log_id, sequence=0, hash=hashlib.sha256(_DOMAIN + log_id).digest())

    def after(self, record: bytes) -> ChainState:
        """Return the state when ``record`` follows."""
        digest = hashlib.sha256(_DOMAIN + self.hash + record).digest()
        return ChainState(log_id=self.log_id, sequence=self.sequence + 1, hash=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One record that follows from all before it."""

    state: ChainState
    time_ms: int
    event: AuditEvent
    end: int
    """Where the next one begins, from the start of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the service signed: the chain up to a record, at a time."""

    state: ChainState
    time_ms: int

    def seal(self, key: Ed25519PrivateKey) -> bytes:
        """Return it as an envelope of type 10."""
        payload = cbor.encode(
            {
                0: _VERSION,
                1: self.state.log_id,
                2: self.state.sequence,
                3: self.state.hash,
                4: self.time_ms,
            }
        )
        return seal_envelope(EnvelopeType.AUDIT_CHECKPOINT, payload, key)

    @classmethod
    def open(cls, data: bytes, key: Ed25519PublicKey) -> Checkpoint:
        """Return what ``key`` has signed.

        Raises:
            AuditLogError: The signature does not hold, or it is no checkpoint.
        """
        try:
            payload = open_envelope(data, EnvelopeType.AUDIT_CHECKPOINT, keys_by_id(key))
            fields = cbor.decode_map(payload)
            fields.integer(0, least=_VERSION, most=_VERSION)
            state = ChainState(
                log_id=fields.octets(1, size=LOG_ID_SIZE),
                sequence=fields.integer(2),
                hash=fields.octets(3, size=HASH_SIZE),
            )
            checkpoint = cls(state=state, time_ms=fields.integer(4))
            fields.finish()
        except FormatError as error:
            raise AuditLogError(f"a checkpoint does not hold: {error.message}") from error
        return checkpoint


def frame(data: bytes) -> bytes:
    """Return ``data`` with its size before it."""
    return _SIZE.pack(len(data)) + data


def split_frames(data: bytes) -> Iterator[bytes]:
    """Yield what ``frame`` put together; an unfinished last one is left out."""
    at = 0
    while at + _SIZE.size <= len(data):
        end = at + _SIZE.size + _SIZE.unpack_from(data, at)[0]
        if end > len(data):
            return
        yield data[at + _SIZE.size : end]
        at = end


def encode_header(state: ChainState) -> bytes:
    """Return the header of a file that goes on from ``state``."""
    return _HEADER.pack(_MAGIC, _VERSION, state.log_id, state.sequence + 1, state.hash)


def parse_header(data: bytes, name: str) -> ChainState:
    """Return the state that a file goes on from.

    Raises:
        AuditLogError: It is no file of an audit log.
    """
    if len(data) < HEADER_SIZE:
        raise AuditLogError(f"{name} is no file of an audit log")
    magic, version, log_id, first, digest = _HEADER.unpack_from(data)
    if (magic, version) != (_MAGIC, _VERSION) or first < 1:
        raise AuditLogError(f"{name} is no file of an audit log")
    return ChainState(log_id=log_id, sequence=first - 1, hash=digest)


def scan(data: bytes, state: ChainState, at: int = HEADER_SIZE) -> Iterator[Scanned]:
    """Yield the records from ``at`` on, each of which follows from ``state`` and all before.

    An unfinished last record, or nothing but zeros, is where it ends: a crash
    leaves that. ``Scanned.end`` of the last one tells where.

    Raises:
        AuditLogError: A record was altered, removed, added or moved; all before it hold.
    """
    while at + _SIZE.size <= len(data):
        size = _SIZE.unpack_from(data, at)[0]
        start = at + _SIZE.size
        end = start + size + HASH_SIZE
        if size > _MAX_RECORD_SIZE:
            raise _broken(state)
        if end > len(data) or (size == 0 and not any(data[at:])):
            return
        record = data[start : start + size]
        following = state.after(record)
        if not hmac.compare_digest(following.hash, data[start + size : end]):
            raise _broken(state)
        yield _decode(record, following, end)
        state, at = following, end


def _decode(record: bytes, state: ChainState, end: int) -> Scanned:
    try:
        fields = cbor.decode_map(record)
        fields.integer(0, least=state.sequence, most=state.sequence)
        time_ms = fields.integer(1)
        texts = [fields.text(key, most=_CUT[key]) for key in sorted(_CUT)]
        fields.finish()
        actor, action, target, result, request_id, context = texts
    except FormatError as error:
        raise AuditLogError(f"record {state.sequence} is not one: {error.message}") from error
    event = AuditEvent(
        actor=actor,
        action=action,
        object=target,
        result=result,
        request_id=request_id,
        context=_context(context),
    )
    return Scanned(state=state, time_ms=time_ms, event=event, end=end)


def _context(text: str) -> dict[str, str]:
    """Return the context; one that was cut, or that we did not write, is kept as its text."""
    try:
        found = decode_json(text)
    except ValueError:
        return {"": text}
    return {name: str(value) for name, value in found.items()}


def _broken(state: ChainState) -> AuditLogError:
    return AuditLogError(
        f"the audit log does not hold after record {state.sequence}: "
        "what follows was altered, removed, added or moved"
    )
