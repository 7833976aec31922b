"""Show a film in the viewer's browser.

A browser is started with its address on a command line, which every user of the
machine can read. So the address is that of a small private file, and the file
leads to the one-time address; it is removed when the film ends.
"""

from __future__ import annotations

import contextlib
import secrets
import webbrowser
from html import escape
from typing import TYPE_CHECKING, Final

from vodseal.player.loopback import LoopbackPlayer
from vodseal.vault.home import default_home
from vodseal.vault.private_files import make_private_folder, write_private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vodseal.clock import Clock
    from vodseal.player.session import PlaySession

__all__ = ["play_with_browser"]

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>vodseal</title>
</head>
<body><a href="{url}">To the film</a></body>
</html>
"""


def play_with_browser(
    session: PlaySession,
    *,
    on_ready: Callable[[str], object],
    on_no_browser: Callable[[str], object],
    open_page: Callable[[str], bool] = webbrowser.open,
    clock: Clock | None = None,
) -> None:
    """Show the film and return when its page was closed, or nobody watches any more.

    Args:
        session: The film.
        on_ready: Hears the one-time address, once it answers.
        on_no_browser: Hears it when no browser could be started.
        open_page: Starts a browser with an address, and tells whether it could.
        clock: Decides when nobody watches.

    Raises:
        PlayError: The film was altered.
        OSError: The private file could not be written.
    """
    with LoopbackPlayer(session, clock=clock) as player, _way_in_file(player.url) as file:
        url = player.url
        on_ready(url)
        if not open_page(file.as_uri()):
            on_no_browser(url)
        player.wait()
    if player.failure:
        raise player.failure


@contextlib.contextmanager
def _way_in_file(url: str) -> Iterator[Path]:
    folder = default_home().absolute() / "run"
    make_private_folder(folder)
    file = folder / f"{secrets.token_hex(8)}.html"
    write_private_file(file, _PAGE.format(url=escape(url)).encode())
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
