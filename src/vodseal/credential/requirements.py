"""Identity levels, and what a security file asks for (SPEC credential §7).

A level says what stands behind an app's name, not how hard the name is to forge:
each is a check that the app's own process makes. ``docs/explanation/app-identity.md``
says what each can and cannot do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Self

from vodseal.errors import AppIdentityError

if TYPE_CHECKING:
    from vodseal.container.cbor import CborMap, Fields

__all__ = ["AppRequirements", "IdentityLevel"]


class IdentityLevel(IntEnum):
    """What stands behind an app's name. The values are stored: never renamed, never reused."""

    FILE = 0
    """The app has the security file, and the private string where the file needs one."""

    MANIFEST = 1
    """And its files are those that the developer signed."""

    PLATFORM = 2
    """And the operating system names the same app."""

    HARDWARE = 3
    """And a chip of the device vouches for it."""


_REMEDIES = {
    IdentityLevel.MANIFEST: "Sign the app's folder with `vodseal app sign` and give the folder "
    "to init_service().",
    IdentityLevel.PLATFORM: "Run the signed app inside of what its platform installs and names, "
    "such as a Flatpak.",
    IdentityLevel.HARDWARE: "Run it on a device whose hardware vouches for apps.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRequirements:
    """What a security file asks of the app and the device that use it: its field 10."""

    least_level: IdentityLevel = IdentityLevel.FILE

    file_key_store: bool = True
    """Whether the device seed may lie in a file, where there is no better store."""

    def check_level(self, level: IdentityLevel) -> None:
        """Check that an app of ``level`` may use the file.

        Raises:
            AppIdentityError: It may not; the remedy says what is missing.
        """
        if level < self.least_level:
            raise AppIdentityError(
                f"the security file asks for identity level {self.least_level:d} "
                f"({self.least_level.name.lower()}), and the app shows level {level:d}",
                remedy=_REMEDIES[self.least_level],
            )

    def to_cbor(self) -> CborMap:
        """Return field 10; empty when nothing is asked, and then the field is left out."""
        if self == AppRequirements():
            return {}
        return {0: int(self.least_level), 1: self.file_key_store}

    @classmethod
    def from_cbor(cls, fields: Fields) -> Self:
        """Return what field 10 asks for.

        Raises:
            MalformedError: A field is missing, unknown or out of its bounds.
        """
        level = IdentityLevel(fields.integer(0, most=max(IdentityLevel)))
        found = cls(least_level=level, file_key_store=fields.boolean(1))
        fields.finish()
        return found
