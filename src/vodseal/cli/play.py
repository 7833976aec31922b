"""``vodseal play``: a downloaded file in mpv, in the browser, or into nowhere."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import App, Parameter

from vodseal.cli.app_options import NO_APP, AppOptions
from vodseal.cli.terminal import Json, Terminal
from vodseal.clock import SystemClock
from vodseal.player.session import open_sealed

if TYPE_CHECKING:
    from vodseal.clock import Clock
    from vodseal.player.session import PlaySession

__all__ = ["play"]

play: Final = App(name="play")


@play.default
def run(
    file: str,
    /,
    *,
    player: Annotated[
        Literal["mpv", "browser", "null"] | None,
        Parameter(name="--with", env_var="VODSEAL_PLAYER"),
    ] = None,
    options: AppOptions = NO_APP,
    json: Json = False,
) -> None:
    """Play a downloaded file; no network is used.

    Without --with it is mpv where that is installed, else the browser.

    Example: vodseal play film.vseal --security-file encryptedApp.dat
    --app-key-file encryptedApp.key --app ./cinema

    Args:
        file: The file, sealed or plain.
        player: What to play it with; null decodes it to nowhere and reports.
        options: Which app this is.
        json: Print one JSON object.
    """
    terminal, clock = Terminal(as_json=json), SystemClock()
    if player == "null":
        return _decode(file, options, terminal, clock)
    options.load()
    with open_sealed(file, clock=clock) as session:
        shown = _show(session, terminal, player)
    return terminal.answer({"file": file, "player": shown}, "")


def _decode(file: str, options: AppOptions, terminal: Terminal, clock: Clock) -> None:
    """Decode the film; load the decoder while the security file is opened, 0.1 s each."""
    started_at = clock.monotonic()
    with ThreadPoolExecutor(1, thread_name_prefix="vodseal-load") as pool:
        loading = pool.submit(importlib.import_module, "vodseal.player.decode")
        options.load()
        with open_sealed(file, clock=clock) as session:
            report = loading.result().decode_to_nowhere(session, clock=clock, started_at=started_at)
    terminal.answer({"file": file, "player": "null", **report.as_dict()})


def _show(session: PlaySession, terminal: Terminal, player: str | None) -> str:
    from vodseal.player.browser import play_with_browser  # noqa: PLC0415 - 0.1 s
    from vodseal.player.mpv import find_mpv, play_with_mpv  # noqa: PLC0415 - 0.1 s

    if player == "mpv" or (player is None and find_mpv()):
        play_with_mpv(session)
        return "mpv"
    terminal.say("The film is shown in your browser; close the page or press Ctrl-C to end.")
    play_with_browser(
        session,
        on_ready=lambda url: terminal.event("ready", url=url),
        on_no_browser=lambda url: terminal.say(f"Open this address; it works once: {url}"),
    )
    return "browser"
