"""The template groups that are built in (design 3, decision 12)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TEMPLATE_GROUPS", "TemplateGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGroup:
    """How the videos of a group are stored."""

    id: str
    name: str
    encrypts: bool
    """Streams are HLS with AES-128 only, and the original is sealed as it arrives."""


_GROUPS: Final = (
    TemplateGroup(id="encrypted", name="HLS AES-128, FD to HD", encrypts=True),
    TemplateGroup(id="clear", name="MP4 and HLS, FD to HD, clear", encrypts=False),
    TemplateGroup(id="encrypted-source", name="HLS AES-128, as the source", encrypts=True),
)

TEMPLATE_GROUPS: Final[Mapping[str, TemplateGroup]] = MappingProxyType(
    {group.id: group for group in _GROUPS}
)
