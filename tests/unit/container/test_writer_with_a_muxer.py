"""The writer under the muxer it was made for: PyAV, an MP4 with its index at the end."""

from __future__ import annotations

import io
import random
from fractions import Fraction

import av
import pytest

from vodseal.container.layout import PART_SIZE
from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySink, MemorySource
from vodseal.container.writer import SealedWriter

CK = bytes(range(32))
PACKETS, SIZE = 400, 90_000


def mux(target: io.RawIOBase | io.BytesIO, *, packets: int, size: int) -> None:
    """Write packets of noise as one MP4 track; the muxer does not look into them."""
    noise = random.Random(9)
    writer = target if isinstance(target, SealedWriter) else None
    with av.open(target, "w", format="mp4", buffer_size=1 << 20) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 320, 240
        stream.codec_context.time_base = Fraction(1, 25)
        for number in range(packets):
            packet = av.Packet(noise.randbytes(size))
            packet.stream = stream
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, 25)
            packet.is_keyframe = True
            container.mux(packet)
        if writer is not None:
            writer.hold_from(writer.tell())


@pytest.mark.parametrize(
    ("packets", "size"),
    [(400, 90_000), (120_000, 8)],
    ids=["36 MB of film", "an index of megabytes"],
)
def test_a_muxed_film_is_the_same_as_in_memory(packets: int, size: int) -> None:
    plain, sink = io.BytesIO(), MemorySink()
    mux(plain, packets=packets, size=size)
    writer = SealedWriter(sink, CK, file_id=bytes(16), download_id=bytes(16))
    mux(writer, packets=packets, size=size)
    writer.finish(Meta(content_type="video/mp4"))
    sealed = SealedReader(MemorySource(sink.data), CK)
    assert sealed.readall() == plain.getvalue()


def test_a_sealed_film_demuxes_and_seeks() -> None:
    sink = MemorySink()
    writer = SealedWriter(sink, CK, file_id=bytes(16), download_id=bytes(16))
    mux(writer, packets=PACKETS, size=SIZE)
    header = writer.finish(Meta(content_type="video/mp4"))
    assert header.plaintext_size > 4 * PART_SIZE
    with av.open(SealedReader(MemorySource(sink.data), CK)) as container:
        stream = container.streams.video[0]
        sizes = [packet.size for packet in container.demux(stream) if packet.size]
        assert sizes == [SIZE] * PACKETS
        container.seek(int(8 / stream.time_base), stream=stream)
        packet = next(container.demux(stream))
        assert packet.pts * packet.time_base == pytest.approx(8, abs=0.1)
