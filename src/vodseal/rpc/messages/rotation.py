"""Rotation of the service's master key (our actions)."""

from dataclasses import dataclass, field

from vodseal.rpc.messages.fields import Message
from vodseal.rpc.messages.requests import Request

__all__ = [
    "GetKeyRotationAnswer",
    "GetKeyRotationRequest",
    "KeyRotationInfo",
    "RotateMasterKeyAnswer",
    "RotateMasterKeyRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotationInfo(Message):
    """How far a rotation is."""

    state: str = ""
    """``rotating``, ``rewrapping`` or ``done``; empty when there never was one."""
    total: int = 0
    done: int = 0
    failed: int = 0
    """Keys that do not open: they were damaged before."""
    error: str = ""
    """What keeps it from going on at this moment."""
    start_time: str = ""
    end_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetKeyRotationAnswer(Message):
    """What wraps keys now, and the newest rotation."""

    request_id: str = ""
    key_version: str = ""
    """Such as ``local/0011223344556677/2``."""
    rotation: KeyRotationInfo = field(default_factory=KeyRotationInfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetKeyRotationRequest(Request[GetKeyRotationAnswer]):
    """Asks how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateMasterKeyAnswer(Message):
    """The rotation that was begun, or was under way."""

    request_id: str = ""
    key_version: str = ""
    rotation: KeyRotationInfo = field(default_factory=KeyRotationInfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateMasterKeyRequest(Request[RotateMasterKeyAnswer]):
    """A new version of the master key, and every stored key wrapped under it."""
