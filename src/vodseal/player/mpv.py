"""Show a film in mpv, when it is installed.

mpv has to seek, so a plain pipe will not do, and a file in memory would be the
whole film in the clear. It gets the loopback address instead, and shows its
right to it in a header. That header is a secret, and a command line can be read
by every user of the machine; so options that hold it, and the film's title,
go to mpv through an inherited pipe, as a configuration file to include.

What mpv could write by itself is turned off: its cache on disk, the position to
resume at, and recording. A picture that the viewer takes is the viewer's act.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.player.failures import undecodable
from vodseal.player.loopback import LoopbackPlayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodseal.player.session import PlaySession

__all__ = ["find_mpv", "play_with_mpv"]

_WRITE_NOTHING: Final = (
    "--cache-on-disk=no",
    "--save-position-on-quit=no",
    "--resume-playback=no",
    "--stream-record=",
    "--ytdl=no",
)
_COULD_NOT_PLAY: Final = 2
_STDERR: Final = 2
_PATIENCE_SECONDS: Final = 5.0


def find_mpv() -> str | None:
    """Return the path of mpv, or None where it is not installed or cannot inherit a pipe."""
    return shutil.which("mpv") if os.name == "posix" else None


def play_with_mpv(
    session: PlaySession, *, command: str | None = None, options: Sequence[str] = ()
) -> None:
    """Show the film in mpv and return when its window was closed.

    Args:
        session: The film.
        command: The path of mpv; looked for when None.
        options: More options for mpv, such as ``--fullscreen``.

    Raises:
        OperatorError: mpv is not installed.
        PlayError: The film was altered, or mpv cannot play it.
    """
    command = command or find_mpv()
    if command is None:
        raise OperatorError(ErrorCode.PLAYER_NOT_FOUND, "mpv is not installed")
    with LoopbackPlayer(session, until_stopped=True) as player:
        status = _run(command, player, session.title, options)
        if player.failure:
            raise player.failure
    if status == _COULD_NOT_PLAY:
        raise undecodable(session.path, sealed=session.is_sealed)


def _run(command: str, player: LoopbackPlayer, title: str, options: Sequence[str]) -> int:
    reading, writing = os.pipe()
    try:
        os.write(writing, _configuration(player.authorization, title))
    finally:
        os.close(writing)
    arguments = [
        command,
        *options,
        *_WRITE_NOTHING,
        f"--include=/dev/fd/{reading}",
        "--",
        player.film_url,
    ]
    try:
        # What mpv says goes to stderr: stdout is for whoever asked for --json.
        process = subprocess.Popen(arguments, pass_fds=[reading], stdout=_STDERR)
    finally:
        os.close(reading)
    return _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configuration(authorization: str, title: str) -> bytes:
    shown = " ".join(title.split()).encode()[:500].decode(errors="ignore").encode()
    header = f"Authorization: {authorization}".encode()
    return b"http-header-fields=%%%d%%%b\nforce-media-title=%%%d%%%b\n" % (
        len(header),
        header,
        len(shown),
        shown,
    )
