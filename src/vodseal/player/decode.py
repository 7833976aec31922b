"""Decode a film in this process: frames for a screen, a test, or nowhere.

Promises, in order of weight:

1. Frames are made of authenticated bytes only. The first byte that does not
   hold ends the iteration with a ``PlayError``; nothing decoded from it comes out.
2. Only the demuxers of the formats that we save are tried, and none of them may
   open anything else: a film cannot name another file or host.
3. While a film is open, threads hand over the interpreter every 0.1 ms, because
   a busy thread elsewhere in the app would otherwise starve the opening of
   chunks by a factor of a hundred (security 5.4).
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import PlayError
from vodseal.player.failures import undecodable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

    from vodseal.clock import Clock
    from vodseal.player.session import PlaySession

__all__ = ["DecodeReport", "Film", "FilmInfo", "decode_to_nowhere"]

_BUFFER_SIZE: Final = 1 << 17
_MICROSECONDS: Final = 1_000_000
_FORMATS: Final = {"video/mp4": "mp4", "audio/mp4": "mp4", "audio/mpeg": "mp3"}
# An MP4 describes its streams in its head; FFmpeg's own 5 MB of looking further
# cost 50 ms before the first frame.
_HEAD_ONLY: Final = {"probesize": "4096"}
_KNOWN_FORMATS: Final = {"format_whitelist": "mov,mp4,mp3,matroska,webm,mpegts,flv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmInfo:
    """What a film is made of. Empty names and zeros stand for what it lacks."""

    duration: float
    width: int
    height: int
    frame_rate: float
    video_codec: str
    audio_codec: str
    audio_tracks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeReport:
    """How decoding a whole film went."""

    frames: int
    """Pictures; sounds, when there is no picture."""
    fps: float
    """Frames decoded per second of waiting; how fast, not how the film is meant."""
    first_frame_ms: float
    audio_frames: int
    seconds: float
    info: FilmInfo

    def as_dict(self) -> dict[str, object]:
        """Return the figures, rounded, as one flat object."""
        return {
            "frames": self.frames,
            "fps": round(self.fps, 1),
            "first_frame_ms": round(self.first_frame_ms, 1),
            "audio_frames": self.audio_frames,
            "seconds": round(self.seconds, 3),
            **asdict(self.info),
        }


class Film:
    """A film's frames, from any position. Not for two threads at once; close it when done."""

    def __init__(self, session: PlaySession) -> None:
        """Read the head of the film.

        Raises:
            PlayError: It is no film (20030003), or has neither picture nor
                sound (20030002).
        """
        self._session = session
        self._not_before = float("-inf")
        with contextlib.ExitStack() as stack:
            reader = stack.enter_context(session.open_reader())
            buffered = stack.enter_context(io.BufferedReader(reader, _BUFFER_SIZE))
            with self._explained():
                self._container = stack.enter_context(self._open(buffered))
            self._streams = self._choose_streams()
            self.info: Final = self._describe()
            self._stack = stack.pop_all()

    def frames(self) -> Iterator[VideoFrame | AudioFrame]:
        """Yield pictures and sounds in the order of the file, from the position to the end.

        Raises:
            PlayError: Bytes ahead were altered, or are no film.
        """
        with self._explained():
            for frame in self._container.decode(*self._streams):
                if not isinstance(frame, VideoFrame | AudioFrame):
                    continue
                if frame.time is None or frame.time >= self._not_before:
                    yield frame

    def seek(self, position: float, *, accurate: bool = True) -> None:
        """Go to ``position`` in seconds: exactly, or to the key frame before it.

        The next ``frames()`` begins there. Beyond the end there are none.

        Raises:
            PlayError: Bytes on the way were altered.
        """
        self._not_before = position - 1e-6 if accurate else float("-inf")
        with self._explained():
            self._container.seek(max(0, int(position * _MICROSECONDS)))

    def close(self) -> None:
        """Let go of decoder and reader; the session stays open. Closing twice is harmless."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, file: io.BufferedIOBase) -> av.container.InputContainer:
        kind = _FORMATS.get(self._session.content_type)
        options = {**_KNOWN_FORMATS, "protocol_whitelist": ""}
        if kind == "mp4":
            options |= _HEAD_ONLY
        return av.open(file, "r", format=kind, options=options, buffer_size=_BUFFER_SIZE)

    def _choose_streams(self) -> list[VideoStream | AudioStream]:
        streams = self._container.streams
        picture = [s for s in streams.video if not s.disposition & s.disposition.attached_pic][:1]
        chosen: list[VideoStream | AudioStream] = [*picture, *streams.audio]
        if not chosen:
            raise PlayError(
                f"{self._session.path.name}: it holds neither picture nor sound",
                code=ErrorCode.DEMUXER_NO_VALID_STREAM,
            )
        for stream in chosen:
            stream.codec_context.thread_type = "AUTO"
        return chosen

    def _describe(self) -> FilmInfo:
        pictures = [s for s in self._streams if s.type == "video"]
        sounds = [s for s in self._streams if s.type == "audio"]
        rate = pictures[0].average_rate if pictures else None
        return FilmInfo(
            duration=(self._container.duration or 0) / _MICROSECONDS,
            width=pictures[0].codec_context.width if pictures else 0,
            height=pictures[0].codec_context.height if pictures else 0,
            frame_rate=round(float(rate or 0), 3),
            video_codec=pictures[0].codec_context.name if pictures else "",
            audio_codec=sounds[0].codec_context.name if sounds else "",
            audio_tracks=len(sounds),
        )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            raise undecodable(self._session.path, sealed=self._session.is_sealed) from error


def decode_to_nowhere(
    session: PlaySession, *, clock: Clock | None = None, started_at: float | None = None
) -> DecodeReport:
    """Return how decoding every frame of the film went.

    Args:
        session: The film.
        clock: Measures.
        started_at: The ``clock.monotonic()`` from which the wait for the first
            frame counts; now by default.

    Raises:
        PlayError: A byte or a frame did not hold.
    """
    clock = clock or SystemClock()
    started_at = clock.monotonic() if started_at is None else started_at
    with Film(session) as film:
        pictures = sounds = 0
        began_at, first_at = clock.monotonic(), None
        for frame in film.frames():
            is_picture = isinstance(frame, VideoFrame)
            if first_at is None and (is_picture or not film.info.video_codec):
                first_at = clock.monotonic()
            pictures += is_picture
            sounds += not is_picture
        seconds = clock.monotonic() - began_at
    frames = pictures if film.info.video_codec else sounds
    if first_at is None:
        raise undecodable(session.path, sealed=session.is_sealed)
    return DecodeReport(
        frames=frames,
        fps=frames / seconds if seconds else 0.0,
        first_frame_ms=(first_at - started_at) * 1000,
        audio_frames=sounds,
        seconds=seconds,
        info=film.info,
    )
