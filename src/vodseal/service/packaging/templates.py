"""How each built-in template group packages (design 3, decision 12).

``service.templates`` says what the rest of the service has to know of a group,
its name and whether it encrypts; this table says what is made of an original.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.errors import MisuseError
from vodseal.service.templates import TEMPLATE_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.media.encryption import EncryptType

__all__ = ["PACKAGINGS", "Packaging", "packaging_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaging:
    """What a template group makes of an original."""

    group_id: str
    definitions: tuple[str, ...]
    """The rungs from the smallest up; empty for one stream as the source is."""
    formats: tuple[str, ...]
    """What each rung is written as: ``mp4``, ``m3u8``."""
    is_fragmented: bool = False
    """Whether segments are of fragmented MP4, and not of MPEG-TS."""

    @property
    def encryption(self) -> EncryptType:
        """How segments are encrypted."""
        return TEMPLATE_GROUPS[self.group_id].encryption

    @property
    def encrypts(self) -> bool:
        """Whether segments are encrypted; then nothing of the video is kept clear."""
        return TEMPLATE_GROUPS[self.group_id].encrypts

    @property
    def most_streams(self) -> int:
        """How many streams a video has at most."""
        return max(1, len(self.definitions)) * len(self.formats)


_LADDER: Final = ("FD", "LD", "SD", "HD")
_PACKAGINGS: Final = (
    Packaging(group_id="encrypted", definitions=_LADDER, formats=("m3u8",)),
    Packaging(group_id="clear", definitions=_LADDER, formats=("mp4", "m3u8")),
    Packaging(group_id="encrypted-source", definitions=(), formats=("m3u8",)),
    Packaging(group_id="private", definitions=_LADDER, formats=("m3u8",)),
    Packaging(group_id="private-source", definitions=(), formats=("m3u8",)),
    Packaging(group_id="cmaf", definitions=_LADDER, formats=("m3u8",), is_fragmented=True),
    Packaging(group_id="cmaf-source", definitions=(), formats=("m3u8",), is_fragmented=True),
    Packaging(group_id="private-cmaf", definitions=_LADDER, formats=("m3u8",), is_fragmented=True),
    Packaging(
        group_id="private-cmaf-source", definitions=(), formats=("m3u8",), is_fragmented=True
    ),
)

PACKAGINGS: Final[Mapping[str, Packaging]] = MappingProxyType(
    {packaging.group_id: packaging for packaging in _PACKAGINGS}
)


def packaging_of(group_id: str) -> Packaging:
    """Return how ``group_id`` packages.

    Raises:
        MisuseError: There is no such template group.
    """
    try:
        return PACKAGINGS[group_id]
    except KeyError:
        raise MisuseError(f"no template group is called {group_id!r}") from None
