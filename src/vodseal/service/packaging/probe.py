"""Look into an original before anything is made of it.

Promises, in order of weight:

1. An original is hostile input: only containers that hold media themselves are
   opened, and no demuxer may open a second file or an address. A playlist or a
   list of files that calls itself a video is refused, whatever it points to.
2. Only the file object is read. Sealed originals never become a path.
3. What is returned was decoded once: a track whose decoder refuses its first
   packets is not taken for playable.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

import av

from vodseal.errors import TranscodeError
from vodseal.service.packaging.boxes import SeekableFile, top_boxes
from vodseal.service.packaging.orientation import Orientation
from vodseal.service.packaging.source import (
    AudioTrack,
    Color,
    Size,
    SourceInfo,
    SubtitleTrack,
    VideoTrack,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

__all__ = ["MediaFile", "open_media", "probe"]

_FORMATS: Final = (
    "aac,ac3,aiff,amr,asf,avi,caf,eac3,flac,flv,gxf,h264,hevc,ivf,matroska,mov,mp3,"
    "mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,w64,wav,wtv"
)
_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"})
_WHOLE_BOXES: Final = frozenset({b"moov", b"mdat", b"moof"})
_WITHOUT_TIMES: Final = frozenset({"avi", "h264", "hevc", "mpegvideo", "obu"})
_READ_SIZE: Final = 1 << 20
_MAX_PIXELS: Final = 16384 * 8704
_FIRST_PACKETS: Final = 600
_FRAME_RATES: Final = (Fraction(1), Fraction(240))


class MediaFile(SeekableFile, Protocol):
    """A seekable file object."""

    def tell(self) -> int:
        """Return the position."""


def open_media(file: MediaFile) -> InputContainer:
    """Return ``file`` opened for demuxing, with nothing else in its reach.

    Raises:
        TranscodeError: It is empty, damaged, or no video or audio file.
    """
    size = file.seek(0, 2)
    if size == 0:
        raise TranscodeError("the file is empty")
    _check_boxes(file, size)
    file.seek(0)
    try:
        return av.open(
            file,
            "r",
            buffer_size=_READ_SIZE,
            io_open=_refuse,
            metadata_errors="replace",
            options={
                "format_whitelist": _FORMATS,
                "protocol_whitelist": "",
                "probesize": str(20 << 20),
                "analyzeduration": str(10_000_000),
            },
        )
    except av.error.FFmpegError as error:
        raise TranscodeError(
            "the file is not a video or audio file that can be read here, or it is damaged"
        ) from error


def probe(file: MediaFile) -> SourceInfo:
    """Return what is in ``file``; its position afterwards is anywhere.

    Raises:
        TranscodeError: It is empty, damaged, not media, or holds neither picture
            nor sound that can be decoded.
    """
    with open_media(file) as container:
        picture = _main_picture(container)
        sounds = [stream for stream in container.streams.audio if _is_sound(stream)]
        tracks = [stream for stream in (picture, *sounds) if stream is not None]
        frame = _first_frame(container, tracks)
        video = _video_track(picture, frame) if picture is not None and frame else None
        if picture is not None and video is None:
            name = picture.codec_context.name
            raise TranscodeError(f"no picture of the {name} video track could be decoded")
        if video is None and not sounds:
            raise TranscodeError("the file holds neither a video nor an audio track")
        return SourceInfo(
            container=container.format.name.partition(",")[0],
            duration=_duration(container, tracks),
            size=file.seek(0, 2),
            video=video,
            audio=tuple(_audio_track(stream) for stream in sounds),
            subtitles=tuple(
                SubtitleTrack(index=s.index, codec=_codec_name(s), language=_language(s))
                for s in container.streams.subtitles
            ),
            unreadable_count=len(container.streams.audio) - len(sounds),
        )


def _check_boxes(file: MediaFile, size: int) -> None:
    """Refuse an MP4 or MOV that was cut: FFmpeg takes what is left of its index for all of it."""
    boxes = top_boxes(file)
    first = next(boxes, None)
    if first is None or first.kind not in _FIRST_BOXES:
        return
    for box in (first, *boxes):
        if box.end > size and box.kind in _WHOLE_BOXES:
            part = "its index" if box.kind == b"moov" else "its pictures"
            raise TranscodeError(f"the file was cut short in the middle of {part}")


def _refuse(url: str, _flags: int, _options: dict[str, str]) -> object:
    raise PermissionError(f"an original may not open {url[:8]!r}...")


def _main_picture(container: InputContainer) -> Any:
    """Return the largest moving picture; cover art and thumbnails are not it."""
    still = ("attached_pic", "timed_thumbnails", "still_image")
    moving = [
        stream
        for stream in container.streams.video
        if not any(getattr(type(stream.disposition), n) in stream.disposition for n in still)
    ]
    if not moving:
        return None
    if any(stream.codec_context is None for stream in moving):
        raise TranscodeError("the video track's codec cannot be decoded here")
    return max(moving, key=lambda s: (bool(s.disposition & 1), s.width * s.height, -s.index))


def _is_sound(stream: Any) -> bool:
    context = stream.codec_context
    return context is not None and context.sample_rate > 0 and context.layout.nb_channels > 0


def _first_frame(container: InputContainer, streams: list[Any]) -> VideoFrame | None:
    """Return the first picture, or None; stops at the first sound where there is no picture."""
    if not streams:
        return None
    wanted = streams[0].type
    streams[0].codec_context.options["max_pixels"] = str(_MAX_PIXELS)
    for count, packet in enumerate(container.demux(streams[0])):
        try:
            frames: list[Any] = packet.decode()
        except av.error.FFmpegError:
            frames = []
        if frames:
            return frames[0] if wanted == "video" else None
        if count > _FIRST_PACKETS:
            break
    if wanted == "audio":
        raise TranscodeError("no sound of the file could be decoded")
    return None


def _video_track(stream: Any, frame: VideoFrame) -> VideoTrack:
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    low, high = _FRAME_RATES
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    return VideoTrack(
        index=stream.index,
        codec=_codec_name(stream),
        profile=stream.profile or "",
        stored=Size(frame.width, frame.height),
        pix_fmt=frame.format.name,
        bit_depth=max(component.bits for component in frame.format.components),
        fps=rate if low <= rate <= high else Fraction(25),
        sample_aspect=stream.sample_aspect_ratio or Fraction(1),
        orientation=Orientation.from_matrix(bytes(matrix) if matrix else b""),
        is_interlaced=bool(frame.interlaced_frame),
        has_times=stream.container.format.name not in _WITHOUT_TIMES,
        color=Color(frame.color_primaries, frame.color_trc, frame.colorspace),
        longest_gop=_longest_gop(stream),
    )


def _audio_track(stream: Any) -> AudioTrack:
    return AudioTrack(
        index=stream.index,
        codec=_codec_name(stream),
        profile=stream.profile or "",
        sample_rate=stream.codec_context.sample_rate,
        channels=stream.codec_context.layout.nb_channels,
        language=_language(stream),
    )


def _language(stream: Any) -> str:
    language = stream.language or ""
    return "" if language == "und" else language


def _codec_name(stream: Any) -> str:
    context = stream.codec_context
    return str(context.codec.canonical_name) if context is not None else "unknown"


def _longest_gop(stream: Any) -> float | None:
    keyframes = [entry.timestamp for entry in stream.index_entries if entry.is_keyframe]
    if not keyframes or stream.duration is None or stream.time_base is None:
        return None
    ends = [*keyframes[1:], keyframes[0] + stream.duration]
    return float(max(b - a for a, b in zip(keyframes, ends, strict=True)) * stream.time_base)


def _duration(container: InputContainer, tracks: list[Any]) -> float:
    """Return what the tracks say; a container counts its subtitles and timecodes in."""
    lengths = [float(s.duration * s.time_base) for s in tracks if s.duration and s.time_base]
    if lengths:
        return max(lengths)
    return container.duration / 1_000_000 if container.duration else 0.0
