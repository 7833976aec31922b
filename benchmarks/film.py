"""The film that everybody downloads, and an AES-128 HLS stream of it for a plain server."""

from __future__ import annotations

import math
import secrets
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SEGMENT_SECONDS = 6
_FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-y"]


def long_film(film: Path | None, folder: Path, size: int) -> Path:
    """Return an MP4 of about ``size`` bytes or more: ``film`` over and over, or a rendered one."""
    source = film or _render(folder / "short.mp4")
    times = math.ceil(size / source.stat().st_size)
    target = folder / "film.mp4"
    loop: list[str | Path] = [
        "-stream_loop",
        str(times - 1),
        "-i",
        source,
        "-map",
        "0:v:0",
        "-map",
        "0:a:0?",
    ]
    _ffmpeg(*loop, "-c", "copy", target)
    return target


def _render(path: Path) -> Path:
    """Render twenty seconds at 8 Mbit/s: noise keeps the encoder from making it small."""
    picture = "testsrc2=size=1920x1080:rate=25:duration=20,noise=alls=24:allf=t"
    _ffmpeg(
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=440:duration=20"),
        *("-c:v", "libx264", "-preset", "veryfast", "-b:v", "8M", "-maxrate", "8M"),
        *("-bufsize", "8M", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", path),
    )
    return path


def encrypted_hls(film: Path, folder: Path, base_url: str) -> None:
    """Cut ``film`` into AES-128 segments in ``folder``, which is served from ``base_url``."""
    folder.mkdir(parents=True)
    key, info = folder / "key.bin", folder / "key.info"
    key.write_bytes(secrets.token_bytes(16))
    info.write_text(f"{base_url}/key.bin\n{key}\n{secrets.token_hex(16)}\n")
    _ffmpeg(
        *("-i", film, "-c", "copy", "-f", "hls", "-hls_time", str(_SEGMENT_SECONDS)),
        *("-hls_playlist_type", "vod", "-hls_key_info_file", info),
        *("-hls_segment_filename", folder / "%05d.ts", folder / "index.m3u8"),
    )
    info.unlink()


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([*_FFMPEG, *map(str, arguments)], check=True)
