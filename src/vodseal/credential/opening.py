"""How a security file opens: by itself, or with the app's private string (SPEC credential §4.2).

Either way gives 32 bytes that the app's private key is wrapped under. Kind 0 is
the vendor's level: whoever has the file and names the app has the key. Kind 1
needs the string too. A string that a human made is weak, so it goes through
Argon2id, and its numbers are checked before they cost anything: a hostile file
can neither eat the memory nor ask for no work at all.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vodseal.container.keys import hkdf_expand
from vodseal.container.layout import KEY_SIZE
from vodseal.errors import MalformedError, MisuseError, SecurityFileError

if TYPE_CHECKING:
    from vodseal.container.cbor import CborMap, Fields

__all__ = ["Argon2Opening", "FileAloneOpening", "Opening", "opening_from_cbor"]

_SALT_SIZE: Final = 16
_FILE_ALONE: Final = 0
_ARGON2ID: Final = 1
_LABEL: Final = b"vodseal1/filealone\0"
_MEMORY_KIB: Final = (19 * 1024, 1024 * 1024)
_PASSES: Final = (1, 10)
_LANES: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAloneOpening:
    """Kind 0: the secret lies in the file."""

    salt: bytes
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises:
            MisuseError: One is wrong.
        """
        if (len(self.salt), len(self.secret)) != (_SALT_SIZE, KEY_SIZE):
            raise MisuseError("a salt of 16 bytes and a secret of 32 are expected")

    @property
    def needs_private_string(self) -> bool:
        """False."""
        return False

    def derive(self, private_string: str | None) -> bytes:
        """Return the wrapping key; a string is not looked at."""
        del private_string
        return hkdf_expand(self.secret, _LABEL + self.salt)

    def to_cbor(self) -> CborMap:
        """Return field 7."""
        return {0: _FILE_ALONE, 1: self.salt, 2: self.secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Opening:
    """Kind 1: the app brings its private string."""

    salt: bytes
    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 1

    def __post_init__(self) -> None:
        """Check sizes and bounds, before any work is done with them.

        Raises:
            MisuseError: One is out of its bounds.
        """
        if (
            len(self.salt) != _SALT_SIZE
            or not _MEMORY_KIB[0] <= self.memory_kib <= _MEMORY_KIB[1]
            or not _PASSES[0] <= self.passes <= _PASSES[1]
            or self.lanes != _LANES
        ):
            raise MisuseError("Argon2id parameters are out of their bounds")

    @property
    def needs_private_string(self) -> bool:
        """True."""
        return True

    def derive(self, private_string: str | None) -> bytes:
        """Return the wrapping key, after the work that Argon2id asks for.

        Raises:
            SecurityFileError: No string was given.
        """
        if not private_string:
            raise SecurityFileError("this security file opens with the app's private string")
        kdf = Argon2id(
            salt=self.salt,
            length=KEY_SIZE,
            iterations=self.passes,
            lanes=self.lanes,
            memory_cost=self.memory_kib,
        )
        return kdf.derive(unicodedata.normalize("NFC", private_string).encode())

    def to_cbor(self) -> CborMap:
        """Return field 7."""
        return {0: _ARGON2ID, 1: self.salt, 2: self.memory_kib, 3: self.passes, 4: self.lanes}


Opening: TypeAlias = FileAloneOpening | Argon2Opening


def opening_from_cbor(fields: Fields) -> Opening:
    """Return the opening that field 7 describes.

    Raises:
        MalformedError: An unknown kind, or parameters out of their bounds.
    """
    opening: Opening
    try:
        if fields.integer(0, most=_ARGON2ID) == _FILE_ALONE:
            opening = FileAloneOpening(salt=fields.octets(1), secret=fields.octets(2))
        else:
            opening = Argon2Opening(
                salt=fields.octets(1),
                memory_kib=fields.integer(2),
                passes=fields.integer(3),
                lanes=fields.integer(4),
            )
    except MisuseError as error:
        raise MalformedError(error.message) from None
    fields.finish()
    return opening
