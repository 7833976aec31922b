"""The programs that we are measured against, as their users run them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

_YT_DLP = "yt-dlp==2026.10.26"
_HOME = Path(tempfile.gettempdir()) / "vodseal-benchmark-venv"


def yt_dlp() -> Path:
    """Return yt-dlp, installed in a venv of its own that later runs find again.

    With pycryptodomex it opens the segments itself; without, it hands the whole
    job to ffmpeg, and -N8 means nothing.
    """
    program = _HOME / "bin" / "yt-dlp"
    if not program.exists():
        venv.create(_HOME, with_pip=True, clear=True)
        pip = [str(_HOME / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, _YT_DLP, "pycryptodomex"], check=True, stdout=sys.stderr)
    return program


def commands(url: str, folder: Path) -> dict[str, list[str]]:
    """Return each rival's command for ``url``; every one writes into ``folder``.

    ``yt-dlp`` leaves what it fetched as it is, the segments one after another
    under the name .mp4. ``yt-dlp + remux`` is what it does by default: ffmpeg
    makes an MP4 of that. ``ffmpeg`` makes an MP4 on one connection.
    """
    program = shutil.which("ffmpeg") or ""
    fetch = [str(yt_dlp()), "--quiet", "--no-progress", "--no-cache-dir", "-N", "8"]
    return {
        "yt-dlp": [*fetch, "--fixup", "never", "-o", str(folder / "y.mp4"), url],
        "yt-dlp + remux": [*fetch, "-o", str(folder / "yr.mp4"), url],
        "ffmpeg": [program, "-v", "error", "-nostdin", "-i", url, "-c", "copy", f"{folder}/f.mp4"],
    }
