"""A damaged file is made whole by what its damaged chunks need, and by no more (SPEC container §10)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3
from tests.integration.download import mend_job
from tests.integration.download.download_world import CK, QUICK, DownloadWorld
from tests.integration.download.hls_film import HlsFilm
from tests.integration.download.media_server import MediaServer

from vodseal.clock import SystemClock
from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE, PART_SIZE, part_offset
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.excerpt import ExcerptNeeds
from vodseal.download.files import (
    PART_SUFFIX,
    delete_download,
    final_path,
    job_folder,
    mend_folder,
)
from vodseal.download.folder import Folder
from vodseal.download.head import FileHead
from vodseal.download.journal import Journal
from vodseal.download.mending import Mended, Mender
from vodseal.download.record import encode_job
from vodseal.download.survey import Survey, survey
from vodseal.errors import DownloadError, FormatError, MalformedError, StoppedError
from vodseal.vault.sealed_files import FileSource

if TYPE_CHECKING:
    from vodseal.download import JobSpec

Hls = Callable[..., HlsFilm]


@dataclass
class Patient:
    """A finished download, and the file that is damaged."""

    world: DownloadWorld
    job: JobSpec
    kind: str = "m3u8"
    shares: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path = Path(final_path(self.identity, secure=True))
        if not self.path.exists():
            self.world.finish(self.job, self.kind)
        self.sealed = self.path.read_bytes()
        with SealedReader(MemorySource(self.sealed), CK) as reader:
            self.film = reader.readall()
        self.world.server.requests.clear()

    @property
    def identity(self):
        return self.world.identity(self.kind)

    @property
    def header(self) -> Header:
        return Header.peek(self.sealed[:HEADER_SIZE])

    def flip(self, at: int, size: int = 1) -> None:
        data = bytearray(self.path.read_bytes())
        for place in range(at, at + size):
            data[place] ^= 1
        self.path.write_bytes(data)

    def flip_film(self, at: int) -> None:
        """Flip a bit of the chunk that holds a byte of the film."""
        part, within = divmod(at, PART_SIZE)
        self.flip(part_offset(part) + 56 + within // 16384 * 16400 + 3)

    def zero(self, start: int, end: int) -> None:
        data = bytearray(self.path.read_bytes())
        data[start:end] = bytes(end - start)
        self.path.write_bytes(data)

    def copy(self) -> FileHead | None:
        with (
            Folder.open(job_folder(self.identity)) as folder,
            Journal.open(folder, self.identity.save_dir) as journal,
        ):
            head = journal.head()
        return None if head is None else FileHead.decode(head)

    def look(self, copy: FileHead | None = None) -> Survey:
        with FileSource(self.path) as source:
            return survey(source, CK, copy or self.copy(), self.shares.append)

    def mend(self, *, stop: Callable[[], bool] = lambda: False, **changes: object) -> Mended:
        needs = ExcerptNeeds(
            identity=self.identity,
            job=replace(self.job, **changes),  # type: ignore[arg-type]  # keywords from a table
            fetcher=replace(self.world.config, connections=2),
            policy=QUICK,
            clock=SystemClock(),
            listener=self.world,
            should_stop=stop,
        )
        with FileSource(self.path) as source:
            found = survey(source, CK, self.copy(), self.shares.append)
            mender = Mender(found, needs, CK, make_fetcher=CurlFetcher, on_share=self.shares.append)
            return mender.run()

    def is_whole(self) -> bool:
        data = self.path.read_bytes()
        with SealedReader(MemorySource(data), CK) as reader:
            assert reader.header.download_id == self.header.download_id
            assert reader.header.file_id != self.header.file_id, "sealed anew, under another id"
            assert reader.meta.title == "A film" or self.kind != "m3u8"
            same = reader.readall() == self.film
        assert self.look().is_whole
        left = [*self.world.save_dir.glob(f"*{PART_SUFFIX}"), mend_folder(self.identity)]
        assert not any(path.exists() for path in left)
        return same

    def asked(self) -> list[str]:
        return sorted(self.world.server.requests)


@pytest.fixture(scope="module")
def finished(hls: Hls, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A save dir with the heavy film, downloaded once."""
    save_dir = tmp_path_factory.mktemp("finished") / "save"
    with MediaServer({}) as server:
        world = DownloadWorld(save_dir, server)
        world.finish(world.hls_job(hls("heavy")))
    return save_dir


@pytest.fixture
def heavy(world: DownloadWorld, hls: Hls, finished: Path) -> Patient:
    shutil.copytree(finished, world.save_dir)
    return Patient(world, world.hls_job(hls("heavy")))


def test_a_whole_file_is_found_whole(heavy: Patient) -> None:
    found = heavy.look()
    assert (found.is_whole, found.bad, found.bad_size) == (True, (), 0)
    assert heavy.shares[-1] == 1.0


@pytest.mark.parametrize("at", [0, 20, 40, 80, 100, 130, 143, 144, 4095])
def test_a_damaged_header_is_mended_from_its_copy(heavy: Patient, at: int) -> None:
    heavy.flip(at)
    assert not heavy.look().is_whole
    assert heavy.mend().received_bytes == 0
    assert heavy.is_whole()
    assert not heavy.asked()


@pytest.mark.parametrize("where", ["meta", "salt", "part", "end", "behind"])
def test_what_holds_no_film_is_mended_without_the_network(heavy: Patient, where: str) -> None:
    header = heavy.header
    if where == "end":
        heavy.path.write_bytes(heavy.sealed[:-1])
    elif where == "behind":
        heavy.path.write_bytes(heavy.sealed + b"more")
    else:
        heavy.flip(
            {"meta": header.meta_offset + 70, "salt": part_offset(1), "part": part_offset(2) + 40}[
                where
            ]
        )
    assert not heavy.look().is_whole
    heavy.mend()
    assert heavy.is_whole()
    assert not heavy.asked()


def test_a_header_and_a_meta_without_a_copy_are_lost(heavy: Patient) -> None:
    for at in (20, heavy.header.meta_offset + 70):
        heavy.path.write_bytes(heavy.sealed)
        heavy.flip(at)
        other = FileHead(header=bytes(HEADER_SIZE), meta=b"")
        with pytest.raises(MalformedError):
            heavy.look(other)


@pytest.mark.parametrize(
    ("at", "segments"),
    [
        (0, 2),
        (PART_SIZE // 2, 3),
        (PART_SIZE + 5, 3),
        (PART_SIZE * 2 + 99, 3),
        (PART_SIZE * 3 - 9, 3),
    ],
    ids=["first chunk", "part 0", "part 1", "part 2", "end of part 2"],
)
def test_a_flipped_bit_costs_the_segments_around_it(heavy: Patient, at: int, segments: int) -> None:
    heavy.flip_film(at)
    assert heavy.look().bad_size == 16384
    done = heavy.mend()
    assert heavy.is_whole()
    assert len(heavy.asked()) <= segments + 1
    assert all(count == 1 for count in heavy.world.server.requests.values())
    assert 0 < done.received_bytes < 6_000_000


def test_several_places_are_mended_at_once(heavy: Patient) -> None:
    for at in (1_000_000, PART_SIZE + 1_000_000, PART_SIZE * 2 + 4_000_000):
        heavy.flip_film(at)
    heavy.mend()
    assert heavy.is_whole()
    assert len(heavy.asked()) <= 12


def test_a_part_of_zeros_is_fetched_again(heavy: Patient) -> None:
    """As a disk leaves it: tags are gone too, and the service's digests are what holds."""
    heavy.zero(part_offset(1), part_offset(2))
    assert heavy.look().bad_size == PART_SIZE
    heavy.mend()
    assert heavy.is_whole()
    assert len(heavy.asked()) <= 11


@pytest.mark.parametrize("from_end", [10_000, 2_000_000])
def test_a_damaged_index_cannot_be_mended_in_parts(heavy: Patient, from_end: int) -> None:
    heavy.zero(heavy.header.meta_offset - from_end, heavy.header.meta_offset)
    before = heavy.path.read_bytes()
    with pytest.raises(MalformedError):
        heavy.mend()
    assert heavy.path.read_bytes() == before
    assert not heavy.asked()


def test_joined_fragments_are_mended_too(world: DownloadWorld, hls: Hls) -> None:
    patient = Patient(world, world.hls_job(hls("heavy", kind="fmp4")))
    for at in (0, PART_SIZE + 1_000_000):
        patient.flip_film(at)
    patient.mend()
    assert patient.is_whole()
    assert len(patient.asked()) <= 8


@pytest.mark.parametrize("kind", ["mp4", "mp3"])
def test_a_file_is_mended_by_its_ranges(world: DownloadWorld, kind: str) -> None:
    data = os.urandom(PART_SIZE * 2 + 12_345)
    patient = Patient(world, world.file_job(data, kind), kind)
    for at in (0, PART_SIZE + 5_000_000, len(data) - 1):
        patient.flip_film(at)
    patient.mend()
    assert patient.is_whole()
    assert patient.film == data
    assert sum(world.server.requests.values()) == 3


def test_a_cut_file_gets_only_what_is_missing(world: DownloadWorld) -> None:
    data = os.urandom(PART_SIZE * 2 + 12_345)
    patient = Patient(world, world.file_job(data, "mp4"), "mp4")
    patient.path.write_bytes(patient.sealed[: part_offset(1) + 5_000_000])
    patient.mend()
    assert patient.is_whole()
    asked = patient.asked()
    assert [one.rpartition(" ")[2] for one in asked] == ["12582912-16777215", "16777216-16789560"]


@pytest.mark.parametrize("signed", [True, False])
def test_other_bytes_of_a_server_are_not_taken(
    world: DownloadWorld, hls: Hls, *, signed: bool
) -> None:
    world.signed = signed
    film = hls("heavy", encrypted=False)
    patient = Patient(world, world.hls_job(film))
    patient.flip_film(PART_SIZE + 3_000_000)
    before = patient.path.read_bytes()
    for name, data in film.served.items():
        hostile = bytearray(data)
        hostile[1000::188] = bytes(len(hostile[1000::188]))
        patient.world.server.resources[f"/{name}"] = bytes(hostile)
    with pytest.raises(DownloadError if signed else FormatError):
        patient.mend()
    assert patient.path.read_bytes() == before
    assert not mend_folder(patient.identity).exists()


def test_another_stream_that_is_signed_is_not_taken_for_this_one(
    world: DownloadWorld, hls: Hls
) -> None:
    film = hls("heavy", encrypted=False)
    patient = Patient(world, world.hls_job(film))
    patient.flip_film(PART_SIZE + 3_000_000)
    before = patient.path.read_bytes()
    digests = []
    for name, data in sorted(film.served.items()):
        other = bytearray(data)
        for at in range(100, len(other), 188):  # in what fills the pictures up
            if other[at - 10 : at + 10] == b"\xff" * 20:
                other[at] = 0xFE
        world.server.resources[f"/{name}"] = bytes(other)
        digests.append(blake3(other).digest())
    with pytest.raises(FormatError):
        patient.mend(digests=tuple(digests))
    assert patient.path.read_bytes() == before


def test_one_other_byte_where_the_damage_is_does_not_fit_the_tag(
    world: DownloadWorld, hls: Hls
) -> None:
    """All around it is as it was, and nobody signed anything."""
    world.signed = False
    film = hls("b-frames", encrypted=False)
    patient = Patient(world, world.hls_job(film))
    middle = len(patient.film) // 2
    patient.flip_film(middle)
    start = middle // 16384 * 16384
    name, at = next(
        (name, found)
        for offset in range(start + 4000, start + 12_000, 30)
        for name, data in film.served.items()
        if (found := data.find(patient.film[offset : offset + 30])) > 0
    )
    hostile = bytearray(film.served[name])
    hostile[at + 10] ^= 1
    world.server.resources[f"/{name}"] = bytes(hostile)
    with pytest.raises(MalformedError, match="not what was sealed"):
        patient.mend()
    world.server.resources[f"/{name}"] = film.served[name]
    patient.mend()
    assert patient.is_whole()


@pytest.mark.parametrize("signed", [True, False])
def test_other_bytes_of_a_file_are_not_taken(world: DownloadWorld, *, signed: bool) -> None:
    world.signed = signed
    data = b"\0\0\0\x08ftyp" + os.urandom(PART_SIZE + 12_345)
    patient = Patient(world, world.file_job(data, "mp4"), "mp4")
    patient.flip_film(1_000_000)
    before = patient.path.read_bytes()
    world.server.resources["/film.mp4"] = data[:1_000_000] + b"x" + data[1_000_001:]
    with pytest.raises(DownloadError if signed else MalformedError):
        patient.mend()
    assert patient.path.read_bytes() == before


def test_without_digests_the_tag_of_a_chunk_proves_it(world: DownloadWorld, hls: Hls) -> None:
    world.signed = False
    patient = Patient(world, world.hls_job(hls("heavy")))
    patient.flip_film(PART_SIZE + 3_000_000)
    patient.mend()
    assert patient.is_whole()
    patient.path.write_bytes(patient.sealed)
    patient.zero(part_offset(1), part_offset(1) + 100_000)
    with pytest.raises(MalformedError, match="not what was sealed"):
        patient.mend()


def test_a_stop_leaves_the_old_file(heavy: Patient) -> None:
    heavy.flip_film(PART_SIZE)
    before = heavy.path.read_bytes()
    with pytest.raises(StoppedError):
        heavy.mend(stop=lambda: True)
    assert heavy.path.read_bytes() == before
    assert not mend_folder(heavy.identity).exists()
    heavy.mend()
    assert heavy.is_whole()


def test_nobody_else_may_be_at_work_on_it(heavy: Patient) -> None:
    from vodseal.download.files import locked, open_job_folder

    heavy.flip(0)
    with open_job_folder(heavy.identity) as folder, locked(folder), pytest.raises(DownloadError):
        heavy.mend()


@pytest.mark.parametrize(
    ("step", "percent"),
    [
        ("download", 10),
        ("processing", 50),
        ("mending", 1),
        ("mending", 50),
        ("mending", 95),
        ("done", 0),
    ],
)
def test_a_kill_leaves_the_old_file_or_the_new_one(heavy: Patient, step: str, percent: int) -> None:
    heavy.flip_film(PART_SIZE + 3_000_000)
    before = heavy.path.read_bytes()
    command = [sys.executable, mend_job.__file__, str(heavy.world.save_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(CK + encode_job(heavy.job))
        process.stdin.close()
        for line in process.stdout:
            said, _, value = line.decode().partition(" ")
            if said == step and int(value) >= percent:
                process.kill()
                break
        else:
            pytest.fail("it ended before")
    is_new = heavy.path.read_bytes() != before
    assert is_new is (step == "done")
    if not is_new:
        heavy.mend()
    assert heavy.is_whole()


def test_deleting_takes_what_a_killed_repair_left(heavy: Patient) -> None:
    left = mend_folder(heavy.identity) / "stage"
    left.mkdir(parents=True)
    (left / "piece").write_bytes(b"sealed")
    delete_download(heavy.identity)
    assert list(heavy.world.save_dir.iterdir()) == []
