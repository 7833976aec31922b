"""What every message of an error is: words for a person. The whole suite holds each one to it."""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any

from vodseal.errors import (
    CredentialError,
    FormatError,
    LicenseError,
    MisuseError,
    PlaylistError,
    VodsealError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OUR_WORDS = (CredentialError, FormatError, LicenseError, MisuseError)
"""The others may begin with what a service or a file says."""
JUMBLED = re.compile(r"[A-Z]{2,}[a-z]")
WORD = re.compile(r"[A-Za-z]{2,}")


def check_words(message: str) -> None:
    """A message does not shout, and begins with a word, or a name in capitals."""
    assert not message.isupper() or len(WORD.findall(message)) == 1, message
    assert not JUMBLED.match(message), message


def held_to_it() -> Iterator[None]:
    """While this is open, no error of ours can be made with another kind of message."""
    original = VodsealError.__init__

    @wraps(original)
    def checked(self: VodsealError, message: str = "", **given: Any) -> None:
        assert isinstance(message, str)
        if isinstance(self, OUR_WORDS) and not isinstance(self, PlaylistError):
            check_words(message)
        original(self, message, **given)

    VodsealError.__init__ = checked  # type: ignore[method-assign]
    yield
    VodsealError.__init__ = original  # type: ignore[method-assign]
