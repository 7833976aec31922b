from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest
from tests.media import FILMS
from tests.rendering import render

from vodseal.errors import CopyRefusedError
from vodseal.service.packaging.flows import CopyFlow, Fan


class Muxer:
    """Takes packets as a muxer does: their times are its own afterwards."""

    def __init__(self, time_base: Fraction) -> None:
        self.time_base = time_base
        self.container = av.open(io.BytesIO(), "w", format="matroska")
        self.track = self.container.add_stream("aac", rate=48000)
        self.times: list[tuple[int, int, int]] = []

    def mux_one(self, packet) -> None:
        assert packet.stream is self.track
        for name in ("pts", "dts", "duration"):
            value = getattr(packet, name) * packet.time_base / self.time_base
            setattr(packet, name, int(value))
        packet.time_base = self.time_base
        self.times.append((packet.pts, packet.dts, packet.duration))


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    render(path, FILMS["plain"])
    with av.open(str(path)) as container:
        yield container


def test_each_muxer_sees_the_packets_own_times():
    coarse, exact = Muxer(Fraction(1, 3)), Muxer(Fraction(1, 1000))
    fan = Fan()
    for muxer in (coarse, exact):
        fan.add(muxer, muxer.track)
    packet = av.Packet(b"data")
    packet.time_base = Fraction(1, 1000)
    packet.pts, packet.dts, packet.duration = 1999, 1499, 40
    fan.mux(packet)
    assert coarse.times == [(5, 4, 0)]
    assert exact.times == [(1999, 1499, 40)]


def copied(film, kind: str, start: Fraction, change=lambda packet: packet) -> list:
    muxer, fan = Muxer(Fraction(1, 1000)), Fan()
    fan.add(muxer, muxer.track)
    stream = film.streams.get(**{kind: 0})[0]
    flow = CopyFlow(stream, fan, start)
    for packet in film.demux(stream):
        flow.feed(change(packet))
    return muxer.times


def test_the_first_instant_becomes_zero(film):
    times = copied(film, "audio", Fraction(-1))
    assert times[0][0] in range(975, 1001)


def test_pictures_before_the_first_keyframe_are_left_out(film):
    def unkey(packet):
        if packet.pts == 0:
            packet.is_keyframe = False
        return packet

    times = copied(film, "video", Fraction(0), unkey)
    assert times[0][0] == 2000
    assert len(times) == 25


@pytest.mark.parametrize("name", ["pts", "dts"])
def test_a_packet_without_times_is_refused(film, name):
    def forget(packet):
        if packet.size:
            setattr(packet, name, None)
        return packet

    with pytest.raises(CopyRefusedError):
        copied(film, "video", Fraction(0), forget)


def test_keyframes_too_far_apart_are_refused(film):
    def stretch(packet):
        if packet.size:
            packet.pts, packet.dts = packet.pts * 20, packet.dts * 20
        return packet

    with pytest.raises(CopyRefusedError):
        copied(film, "video", Fraction(0), stretch)
