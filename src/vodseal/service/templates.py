"""The template groups that are built in (design 3, decision 12)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.media.encryption import EncryptType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TEMPLATE_GROUPS", "TemplateGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGroup:
    """How the videos of a group are stored."""

    id: str
    name: str
    encryption: EncryptType

    @property
    def encrypts(self) -> bool:
        """Whether streams are encrypted HLS only, and the original is sealed as it arrives."""
        return self.encryption is not EncryptType.NONE


_GROUPS: Final = (
    TemplateGroup(id="encrypted", name="HLS AES-128, FD to HD", encryption=EncryptType.HLS),
    TemplateGroup(id="clear", name="MP4 and HLS, FD to HD, clear", encryption=EncryptType.NONE),
    TemplateGroup(
        id="encrypted-source", name="HLS AES-128, as the source", encryption=EncryptType.HLS
    ),
    TemplateGroup(
        id="private", name="HLS, keys in licenses only, FD to HD", encryption=EncryptType.PRIVATE
    ),
    TemplateGroup(
        id="private-source",
        name="HLS, keys in licenses only, as the source",
        encryption=EncryptType.PRIVATE,
    ),
    TemplateGroup(
        id="cmaf", name="HLS AES-128, fragmented MP4, FD to HD", encryption=EncryptType.HLS
    ),
    TemplateGroup(
        id="cmaf-source",
        name="HLS AES-128, fragmented MP4, as the source",
        encryption=EncryptType.HLS,
    ),
    TemplateGroup(
        id="private-cmaf",
        name="HLS, keys in licenses only, fragmented MP4, FD to HD",
        encryption=EncryptType.PRIVATE,
    ),
    TemplateGroup(
        id="private-cmaf-source",
        name="HLS, keys in licenses only, fragmented MP4, as the source",
        encryption=EncryptType.PRIVATE,
    ),
)

TEMPLATE_GROUPS: Final[Mapping[str, TemplateGroup]] = MappingProxyType(
    {group.id: group for group in _GROUPS}
)
