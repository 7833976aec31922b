"""A film of our own: picture, moving timecode and tone.

libavfilter draws it, so that it needs no font and no other program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.filter import Graph
    from av.video.stream import VideoStream

__all__ = ["render_clip"]

_RATE = 25


def render_clip(
    path: Path,
    *,
    seconds: int = 20,
    width: int = 1280,
    height: int = 720,
    bit_rate: int | None = None,
) -> None:
    """Write an MP4 of H.264 and AAC to ``path``.

    With a ``bit_rate``, noise keeps the encoder from making it smaller.

    Raises:
        OSError: The file cannot be written.
    """
    import av  # noqa: PLC0415 - heavy, and only the demo without --video needs it

    picture, tone = av.filter.Graph(), av.filter.Graph()
    drawn = f"duration={seconds}:size={width}x{height}:rate={_RATE}:decimals=3"
    _chain(picture, "testsrc", drawn, noise=bit_rate is not None)
    _chain(tone, "sine", f"duration={seconds}:frequency=440:beep_factor=4:sample_rate=48000")
    with av.open(str(path), "w", format="mp4") as out:
        options = {"preset": "veryfast", "crf": "20"}
        if bit_rate is not None:
            rate = str(bit_rate)
            options = {"preset": "veryfast", "b": rate, "maxrate": rate, "bufsize": rate}
        video = out.add_stream("libx264", rate=_RATE, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.gop_size = 2 * _RATE
        audio = out.add_stream("aac", rate=48000, layout="stereo")
        _encode(out, (picture, video), (tone, audio))


def _chain(graph: Graph, source: str, arguments: str, *, noise: bool = False) -> None:
    kind = "abuffersink" if source == "sine" else "buffersink"
    between = (graph.add("noise", "alls=24:allf=t"),) if noise else ()
    graph.link_nodes(graph.add(source, arguments), *between, graph.add(kind)).configure()


def _encode(
    out: OutputContainer,
    picture: tuple[Graph, VideoStream],
    tone: tuple[Graph, AudioStream],
) -> None:
    """Interleave both sources by time until both have ended."""
    import av  # noqa: PLC0415 - see render_clip

    waiting: list[tuple[float, int]] = [(0.0, 0), (0.0, 1)]
    while waiting:
        at = waiting.index(min(waiting))
        _, which = waiting[at]
        graph, stream = (picture, tone)[which]
        try:
            frame = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            out.mux(stream.encode(None))
            del waiting[at]
            continue
        waiting[at] = (frame.time or 0.0, which)
        out.mux(stream.encode(frame))  # type: ignore[arg-type]  # each graph gives its stream's kind
