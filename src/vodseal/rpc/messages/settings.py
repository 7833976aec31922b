"""The service's own settings (our actions)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vodseal.rpc.messages.fields import Message
from vodseal.rpc.messages.requests import Request

__all__ = [
    "GetServiceSettingsAnswer",
    "GetServiceSettingsRequest",
    "SetServiceSettingsAnswer",
    "SetServiceSettingsRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetServiceSettingsAnswer(Message):
    """Every setting by its name, such as ``download-mode``."""

    request_id: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetServiceSettingsRequest(Request[GetServiceSettingsAnswer]):
    """Asks for all settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetServiceSettingsAnswer(Message):
    """Every setting, as it is now."""

    request_id: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetServiceSettingsRequest(Request[SetServiceSettingsAnswer]):
    """Changes one setting."""

    name: str
    value: str
