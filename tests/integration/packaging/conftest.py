"""Package a film as the worker does, and open what came of it as a client does."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import av
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from tests.media import MediaCache

from vodseal.container.meta import Meta
from vodseal.container.writer import SealedWriter
from vodseal.license.digests import DigestAlgorithm, digest_segment
from vodseal.media.playlist import InitSection, MediaPlaylist, parse_media
from vodseal.service.packaging.messages import Event, Finished, FinishedStream, StreamSlot
from vodseal.service.packaging.messages import WorkerSpec as Spec
from vodseal.service.packaging.streams import make_streams
from vodseal.service.packaging.templates import packaging_of
from vodseal.vault.sealed_files import FileSink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VIDEO_ID = "0123456789abcdef0123456789abcdef"
CONTENT_KEY = bytes(range(32))
BASE = "http://service.test/media/"


@dataclass(frozen=True)
class Probe:
    """What a decoder finds in a finished stream."""

    size: tuple[int, int] | None
    frames: int
    seconds: float
    """From the first picture (or sound) to the end of the last."""
    times: tuple[float, ...]
    languages: tuple[str | None, ...]
    sounds: tuple[float, ...]
    """Seconds of each audio track."""
    pix_fmt: str
    first: Any = field(repr=False)
    codecs: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """The streams of one film."""

    folder: Path
    keys: dict[str, bytes]
    finished: Finished
    events: list[Event]

    def stream(self, definition: str, form: str = "m3u8") -> FinishedStream:
        return next(
            s for s in self.finished.streams if (s.definition, s.format) == (definition, form)
        )

    def playlist(self, stream: FinishedStream) -> MediaPlaylist:
        text = (self.folder / stream.job_id / stream.entry).read_text()
        return parse_media(text, BASE)

    def segments(self, stream: FinishedStream) -> list[bytes]:
        """Return what the segments hold, as a player opens them; digests are checked."""
        return self.fetched(stream)[len(self.sections(stream)) :]

    def sections(self, stream: FinishedStream) -> list[InitSection]:
        """Return the initialisation section, if there is one: the same for all segments."""
        found = {segment.map for segment in self.playlist(stream).segments}
        assert len(found) == 1
        return [section for section in found if section is not None]

    def fetched(self, stream: FinishedStream) -> list[bytes]:
        """Return all that is fetched, in clear, an initialisation section first."""
        playlist = self.playlist(stream)
        named = [(one.uri, one.key, one.key and one.key.iv) for one in self.sections(stream)]
        named += [(one.uri, one.key, one.iv()) for one in playlist.segments]
        assert len(stream.digests) == 32 * len(named)
        opened = []
        for number, (uri, key, iv) in enumerate(named):
            stored = (self.folder / stream.job_id / uri.rpartition("/")[2]).read_bytes()
            digest = stream.digests[32 * number : 32 * number + 32]
            assert digest_segment(DigestAlgorithm.BLAKE3_256, stored) == digest
            if key is not None:
                if not playlist.needs_license():
                    assert parse_qs(urlsplit(key.uri).query)["MediaId"] == [VIDEO_ID]
                decryptor = Cipher(
                    algorithms.AES(self.keys[stream.job_id]), modes.CBC(iv)
                ).decryptor()
                unpadder = PKCS7(128).unpadder()
                stored = unpadder.update(decryptor.update(stored) + decryptor.finalize())
                stored += unpadder.finalize()
            opened.append(stored)
        return opened

    def media(self, stream: FinishedStream) -> bytes:
        if stream.format == "m3u8":
            return b"".join(self.fetched(stream))
        return (self.folder / stream.job_id / stream.entry).read_bytes()

    def decode(self, stream: FinishedStream) -> Probe:
        return decode(self.media(stream))


def decode(data: bytes) -> Probe:
    """Decode everything."""
    with av.open(io.BytesIO(data)) as container:
        pictures: list[Any] = []
        sounds: dict[int, float] = {s.index: 0.0 for s in container.streams.audio}
        for packet in container.demux():
            for frame in packet.decode():
                if packet.stream.type == "video":
                    pictures.append(frame)
                else:
                    sounds[packet.stream.index] += frame.samples / frame.sample_rate
        times = tuple(frame.time for frame in pictures)
        video = container.streams.video[0] if container.streams.video else None
        step = float(1 / video.average_rate) if video and video.average_rate else 0.0
        seconds = times[-1] - times[0] + step if times else max(sounds.values())
        return Probe(
            size=(pictures[0].width, pictures[0].height) if pictures else None,
            frames=len(pictures),
            seconds=seconds,
            times=times,
            languages=tuple(s.language for s in container.streams.audio),
            sounds=tuple(sounds.values()),
            pix_fmt=pictures[0].format.name if pictures else "",
            first=pictures[0] if pictures else None,
            codecs=tuple(s.codec_context.codec.canonical_name for s in container.streams),
        )


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> MediaCache:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "films"
    folder.mkdir(exist_ok=True)
    return MediaCache(folder)


def seal(plain: Path, sealed: Path) -> None:
    with FileSink(sealed) as sink:
        writer = SealedWriter(
            sink, CONTENT_KEY, file_id=os.urandom(16), download_id=bytes.fromhex(VIDEO_ID)
        )
        writer.write(plain.read_bytes())
        writer.finish(Meta(content_type="video/mp4", created_at=1))
        sink.sync()
        sink.close()


def make_spec(film: Path, group: str, folder: Path) -> Spec:
    """Return what the service would tell a worker; an original that has to be is sealed."""
    packaging = packaging_of(group)
    source, content_key = film, None
    if packaging.encrypts:
        source, content_key = folder / "original", CONTENT_KEY
        seal(film, source)
    slots = tuple(
        StreamSlot(
            job_id=f"{number:032x}",
            key=bytes([number]) * 16 if packaging.encrypts else None,
            wrapped_key=b"+/wrapped=" + bytes([255, number]),
        )
        for number in range(packaging.most_streams)
    )
    media = folder / "media"
    media.mkdir()
    return Spec(
        video_id=VIDEO_ID,
        group_id=group,
        source=str(source),
        content_key=content_key,
        folder=str(media),
        spool=str(folder),
        slots=slots,
    )


@pytest.fixture
def package_file(tmp_path: Path) -> Callable[..., Outcome]:
    def run(path: Path, group: str, folder: str = "work") -> Outcome:
        work = tmp_path / folder
        work.mkdir()
        spec = make_spec(path, group, work)
        events: list[Event] = []
        finished = make_streams(spec, os.urandom, events.append)
        return Outcome(
            folder=work / "media",
            keys={slot.job_id: slot.key or b"" for slot in spec.slots},
            finished=finished,
            events=events,
        )

    return run


@pytest.fixture
def package_film(films: MediaCache, package_file: Callable[..., Outcome]) -> Callable[..., Outcome]:
    return lambda name, group, **options: package_file(films.get(name), group, **options)
