"""An AES-128 HLS stream for a plain server of files, cut by ffmpeg."""

from __future__ import annotations

import secrets
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_SEGMENT_SECONDS: Final = "6"
_FFMPEG: Final = ("ffmpeg", "-v", "error", "-nostdin", "-y")


def encrypted_hls(film: Path, folder: Path, base_url: str) -> None:
    """Cut ``film`` into AES-128 segments in ``folder``, which is served from ``base_url``."""
    folder.mkdir(parents=True)
    key, info = folder / "key.bin", folder / "key.info"
    key.write_bytes(secrets.token_bytes(16))
    info.write_text(f"{base_url}/key.bin\n{key}\n{secrets.token_hex(16)}\n")
    cut = ("-i", film, "-c", "copy", "-f", "hls", "-hls_time", _SEGMENT_SECONDS)
    keyed = ("-hls_playlist_type", "vod", "-hls_key_info_file", info)
    named = ("-hls_segment_filename", folder / "%05d.ts", folder / "index.m3u8")
    subprocess.run([*_FFMPEG, *map(str, (*cut, *keyed, *named))], check=True)
    info.unlink()
