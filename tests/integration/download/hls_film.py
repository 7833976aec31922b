"""Films as a service would serve them: segments, keys, playlists, digests."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import av
from blake3 import blake3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vodseal.download.plan import hls_segments, key_uris
from vodseal.media.playlist import parse_media

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.download.job import SegmentSpec

__all__ = ["HlsFilm", "packets_of", "segment"]

IV_SIZE = 16


@dataclass(frozen=True, kw_only=True)
class HlsFilm:
    """A stream: its playlist, what is served, and what is inside."""

    lines: tuple[str, ...]
    """The playlist, with names relative to it."""
    served: dict[str, bytes] = field(repr=False)
    """Bytes by name, as they are sent."""
    clear: tuple[bytes, ...] = field(repr=False)
    """Segments in order, decrypted."""
    key: bytes | None = field(default=None, repr=False)

    def segments(self, base: str, query: str = "") -> tuple[SegmentSpec, ...]:
        """Return the segments of a job, served below ``base``."""
        text = "\n".join(
            f"{line}{query}" if not line.startswith("#") else line for line in self.lines
        )
        playlist = parse_media(text, f"{base}/i.m3u8")
        keys = dict.fromkeys(key_uris(playlist), self.key or b"")
        return hls_segments(playlist, keys)

    def digests(self, segments: tuple[SegmentSpec, ...]) -> tuple[bytes, ...]:
        """Return the BLAKE3 of each, as it is served."""
        names = [segment.path.rpartition("/")[2] for segment in segments]
        return tuple(blake3(self.served[name]).digest() for name in names)


def segment(source: Path, folder: Path, *, encrypted: bool = True, kind: str = "mpegts") -> HlsFilm:
    """Return ``source`` as HLS, remuxed, cut at key frames about every second."""
    folder.mkdir()
    options = {
        "hls_time": "1",
        "hls_playlist_type": "vod",
        "hls_segment_type": kind,
        "hls_segment_filename": str(folder / f"s%03d.{'ts' if kind == 'mpegts' else 'm4s'}"),
        "hls_fmp4_init_filename": "init.mp4",
    }
    with (
        av.open(str(source)) as film,
        av.open(str(folder / "i.m3u8"), "w", format="hls", options=options) as out,
    ):
        streams = {}
        for stream in film.streams:
            if stream.type in {"video", "audio"}:
                streams[stream.index] = out.add_stream_from_template(stream)
                if stream.language:
                    streams[stream.index].metadata["language"] = stream.language
        for packet in film.demux():
            if packet.dts is not None and packet.stream_index in streams:
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    return _collect(folder, encrypted=encrypted)


def _collect(folder: Path, *, encrypted: bool) -> HlsFilm:
    lines = (folder / "i.m3u8").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    clear = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".m3u8"}
    in_order = tuple(clear[name] for name in names)
    if not encrypted:
        return HlsFilm(lines=tuple(lines), served=clear, clear=in_order)
    key, iv = os.urandom(16), os.urandom(IV_SIZE)
    tag = f'#EXT-X-KEY:METHOD=AES-128,URI="https://keys/k",IV=0x{iv.hex()}'
    return HlsFilm(
        lines=(lines[0], tag, *lines[1:]),
        served={name: encrypt(data, key, iv) for name, data in clear.items()},
        clear=in_order,
        key=key,
    )


def encrypt(data: bytes, key: bytes, iv: bytes) -> bytes:
    """Return an AES-128 segment."""
    padding = 16 - len(data) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data + bytes([padding]) * padding) + encryptor.finalize()


def packets_of(film: bytes | Path, format_name: str | None = None) -> list[tuple[object, ...]]:
    """Return all packets, track by track: time stamps in milliseconds, size, key frame, hash."""
    source = io.BytesIO(film) if isinstance(film, bytes) else str(film)
    found = []
    with av.open(source, format=format_name) as container:
        for packet in container.demux():
            if packet.size:
                tick = packet.time_base * 1000
                found.append(
                    (
                        packet.stream_index,
                        round(float(packet.dts * tick)),
                        round(float(packet.pts * tick)),
                        packet.is_keyframe,
                        blake3(bytes(packet)).hexdigest()[:16],
                    )
                )
    return sorted(found)
