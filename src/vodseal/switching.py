"""Hand over the interpreter quickly while a film plays or is downloaded (security 5.4).

Opening or sealing a chunk gives the interpreter away, and gets it back when
whoever took it lets go: by default after 5 ms. One busy thread elsewhere in the
app then costs a factor of a hundred. At 0.1 ms a film plays beside it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["quick_switching"]

_INTERVAL: Final = 1e-4
_lock: Final = threading.Lock()
_users: Final[list[float]] = []


@contextlib.contextmanager
def quick_switching() -> Iterator[None]:
    """Switch every 0.1 ms; the last one out restores what was before the first."""
    with _lock:
        _users.append(sys.getswitchinterval())
        sys.setswitchinterval(min(_INTERVAL, _users[0]))
    try:
        yield
    finally:
        with _lock:
            before = _users[0]
            _users.pop()
            if not _users:
                sys.setswitchinterval(before)
