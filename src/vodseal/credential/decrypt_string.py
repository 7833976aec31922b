"""The rule for an app's private string (client-surface B46).

16 to 32 characters, letters and digits only, with at least one upper case
letter, one lower case letter and one digit. The string itself is never part of
a message.
"""

from __future__ import annotations

import re
from typing import Final

from vodseal.errors import CredentialError

__all__ = ["check_private_string"]

_ALLOWED: Final = re.compile(r"[A-Za-z0-9]{16,32}")
_CLASSES: Final = (
    ("an upper case letter", re.compile(r"[A-Z]")),
    ("a lower case letter", re.compile(r"[a-z]")),
    ("a digit", re.compile(r"[0-9]")),
)


def check_private_string(text: str) -> None:
    """Check that ``text`` may be an app's private string.

    Raises:
        CredentialError: It may not; the message says which rule it breaks.
    """
    if not _ALLOWED.fullmatch(text):
        raise CredentialError("a private string is 16 to 32 letters and digits")
    for name, pattern in _CLASSES:
        if not pattern.search(text):
            raise CredentialError(f"a private string needs {name}")
