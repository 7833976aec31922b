"""Who may ask the loopback player for a film.

Any process and any web page on the machine can reach a port on 127.0.0.1.
So, in order of weight (security 00.10, 3.2):

1. A request says by its ``Host`` that it meant us. A page whose name was
   rebound to 127.0.0.1 says another name, and is refused.
2. A request with an ``Origin`` or a ``Sec-Fetch-Site`` comes from our own page.
3. The way in is a one-time token. Whoever brings it first gets a session
   cookie; a second use is refused, and so is a use after two minutes.
4. The cookie counts below one path that was drawn at random, because a browser
   sends the cookies of 127.0.0.1 to every port of it: a program that listens on
   another port does not know the path, and is not sent the cookie.
5. A player that can send a header is given a bearer token instead, which works
   for the film alone.
"""

from __future__ import annotations

import hmac
import threading
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

__all__ = ["COOKIE", "TOKEN_SECONDS", "Gate"]

COOKIE: Final = "vodseal"
TOKEN_SECONDS: Final = 120.0
_OWN_SITES: Final = frozenset({"same-origin", "none"})
_MEDIA: Final = frozenset({"video", "audio"})


class Gate:
    """The secrets of one loopback player, and the questions asked of them. Threads may share it."""

    def __init__(self, port: int, *, draw: Callable[[], str], opened_at: float) -> None:
        """Draw fresh secrets; ``draw`` returns text that is safe in a URL and not guessable."""
        self.host: Final = f"127.0.0.1:{port}"
        self.origin: Final = f"http://{self.host}"
        self.root: Final = f"/{draw()}/"
        self._token: str | None = draw()
        self._cookie = draw()
        self._bearer = draw()
        self._closes_at = opened_at + TOKEN_SECONDS
        self._lock = threading.Lock()

    @property
    def entry(self) -> str:
        """The path that lets in once; empty when it was used."""
        return f"/open/{self._token}" if self._token else ""

    @property
    def is_entered(self) -> bool:
        """Tell whether the one-time token was used."""
        return self._token is None

    @property
    def authorization(self) -> str:
        """The header value for a player that can send one. Not for a command line."""
        return f"Bearer {self._bearer}"

    def is_meant_for_us(self, headers: Message) -> bool:
        """Tell whether ``Host`` names us, and ``Origin``, if any, is ours."""
        origins = headers.get_all("Origin", [])
        return headers.get_all("Host", []) == [self.host] and origins in ([], [self.origin])

    def exchange(self, path: str, headers: Message, now: float) -> str | None:
        """Return the ``Set-Cookie`` for the one-time token in ``path``, or None.

        The page that leads here may be another's, as is the file that a browser
        is started with. A browser that only looks ahead does not spend the token.
        """
        if "prefetch" in (headers.get("Sec-Purpose", "") + headers.get("Purpose", "")):
            return None
        with self._lock:
            entry = self.entry
            if not entry or now > self._closes_at or not _same(path, entry):
                return None
            self._token = None
        return f"{COOKIE}={self._cookie}; HttpOnly; SameSite=Strict; Path={self.root}"

    def admits(self, headers: Message, *, film: bool) -> bool:
        """Tell whether a request below ``root`` may be answered; ``film`` asks for the film."""
        if headers.get("Sec-Fetch-Site", "same-origin") not in _OWN_SITES:
            return False
        if film and headers.get("Sec-Fetch-Dest", "video") not in _MEDIA:
            return False
        given = headers.get("Authorization")
        if given is not None:
            return film and _same(given, self.authorization)
        return _same(_cookie_of(headers), self._cookie)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _cookie_of(headers: Message) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        for line in headers.get_all("Cookie", []):
            jar.load(line)
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""
