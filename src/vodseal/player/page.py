"""The page that shows a film in a browser: HTML without a line of script in it.

Script and style are files of their own, so that the policy can forbid anything
inline. What comes from the film, its title above all, is escaped: it was
written by whoever uploaded the video.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from vodseal.container.meta import TrackKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.player.session import PlaySession

__all__ = ["POLICY", "film_page", "load_static", "way_in"]

POLICY: Final = (
    "default-src 'none'; media-src 'self'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STATIC: Final[Mapping[str, str]] = {
    "player.js": "text/javascript; charset=utf-8",
    "player.css": "text/css; charset=utf-8",
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="player.css">
<script src="player.js" defer></script>
</head>
<body>
<header><h1>{title}</h1></header>
<main>
<video src="film" data-codecs="{codecs}" tabindex="0" controls autoplay preload="auto"
 controlslist="nodownload noremoteplayback" disableremoteplayback></video>
<div id="trouble" role="alert" hidden></div>
</main>
<footer><kbd>Space</kbd> pause · <kbd>←</kbd> <kbd>→</kbd> 5 s · <kbd>j</kbd> <kbd>l</kbd> 10 s ·
<kbd>↑</kbd> <kbd>↓</kbd> volume · <kbd>m</kbd> mute · <kbd>&lt;</kbd> <kbd>&gt;</kbd> speed ·
<kbd>0</kbd> … <kbd>9</kbd> jump · <kbd>f</kbd> full screen</footer>
</body>
</html>
"""
_WAY_IN: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={root}">
<title>vodseal</title>
</head>
<body><a href="{root}">To the film</a></body>
</html>
"""


def film_page(session: PlaySession) -> bytes:
    """Return the page of one film, encoded."""
    return _PAGE.format(title=escape(session.title), codecs=escape(_codecs(session))).encode()


def way_in(root: str) -> bytes:
    """Return the page that leads from the one-time address to the film's.

    A redirect would not do: a browser that was started with a local file does
    not send a ``SameSite=Strict`` cookie along one, and does from a page of ours.
    """
    return _WAY_IN.format(root=escape(root)).encode()


def load_static(name: str) -> tuple[bytes, str] | None:
    """Return the bytes and the type of a file of the page, or None when it has no such file."""
    kind = _STATIC.get(name)
    if kind is None:
        return None
    return files("vodseal.player").joinpath("static", name).read_bytes(), kind


def _codecs(session: PlaySession) -> str:
    tracks = session.meta.tracks if session.meta else ()
    names = [track.codec for track in tracks if track.kind is not TrackKind.SUBTITLE]
    return ", ".join(names) or session.content_type
