"""Jobs are found, begun and deleted by their place on disk, without any key."""

from __future__ import annotations

import itertools
import os
import sqlite3
from pathlib import Path

import pytest

from vodseal.download import (
    Identity,
    JobSpec,
    JobState,
    JobStore,
    SegmentSpec,
    SourceKind,
    delete_download,
    final_path,
)
from vodseal.download.files import PART_SUFFIX, job_folder, locked, open_job_folder
from vodseal.download.folder import Folder
from vodseal.download.journal import FileFacts, Journal, StagedPiece
from vodseal.download.record import seal_job
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError, TamperedError, UnsupportedVersionError

CK = b"c" * 32


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(save_dir=str(tmp_path / "save"), vid="a_b-1", format="m3u8", index=2)


def counting():
    numbers = itertools.count(1)
    return lambda size: bytes([next(numbers)]) * size


def other(identity: Identity, **values: object) -> Identity:
    given = {"vid": identity.vid, "format": identity.format, "index": identity.index, **values}
    return Identity(save_dir=identity.save_dir, **given)  # type: ignore[arg-type]  # keywords from a table


def open_journal(identity: Identity) -> Journal:
    with Folder.open(job_folder(identity)) as folder:
        return Journal.open(folder, identity.save_dir)


@pytest.mark.parametrize(
    "values",
    [
        {"save_dir": ""},
        {"vid": ""},
        {"vid": "../x"},
        {"vid": "a/b"},
        {"vid": ".hidden"},
        {"format": ""},
        {"format": "m3u8/.."},
        {"index": -1},
    ],
)
def test_an_identity_is_a_safe_file_name(values: dict[str, object]) -> None:
    good: dict[str, object] = {"save_dir": "d", "vid": "v", "format": "mp4", "index": 0}
    with pytest.raises(MisuseError):
        Identity(**{**good, **values})  # type: ignore[arg-type]  # keywords from a table


@pytest.mark.behaviour("B25")
def test_a_job_is_found_without_its_format_and_without_a_key(identity: Identity) -> None:
    assert JobStore.find(identity.save_dir, identity.vid, identity.index) is None
    entry = JobStore(identity).create(secure=True, random=counting())
    assert entry.download_id == b"\x01" * 16
    assert JobStore.find(identity.save_dir, identity.vid, identity.index) == entry
    assert JobStore.find(identity.save_dir, "a", identity.index) is None
    assert JobStore.find(identity.save_dir, identity.vid, 0) is None
    assert JobStore.find(identity.save_dir, "b-1", 2) is None


def test_a_job_keeps_its_download_id(identity: Identity) -> None:
    random = counting()
    first = JobStore(identity).create(secure=True, random=random)
    assert JobStore(identity).create(secure=True, random=random) == first


@pytest.mark.behaviour("B48")
def test_another_mode_begins_anew(identity: Identity) -> None:
    random = counting()
    first = JobStore(identity).create(secure=True, random=random)
    (job_folder(identity) / "stage").mkdir()
    (job_folder(identity) / "stage" / "000000.0.seg").write_bytes(b"x")
    second = JobStore(identity).create(secure=False, random=random)
    assert (second.secure, second.state) == (False, JobState.DOWNLOADING)
    assert second.download_id != first.download_id
    assert not (job_folder(identity) / "stage").exists()


@pytest.mark.behaviour("B13")
def test_a_missing_save_dir_is_made_and_an_impossible_one_has_its_number(
    identity: Identity, tmp_path: Path
) -> None:
    JobStore(identity).create(secure=True, random=counting())
    (tmp_path / "file").write_bytes(b"")
    bad = Identity(save_dir=str(tmp_path / "file" / "sub"), vid="v", format="mp4", index=0)
    with pytest.raises(DownloadError) as caught:
        JobStore(bad).create(secure=True, random=counting())
    assert caught.value.code is ErrorCode.CANNOT_CREATE_SAVE_DIR


@pytest.mark.behaviour("B31", "B32")
def test_every_identity_has_its_own_absolute_place(
    identity: Identity, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = Identity(save_dir="save", vid="v", format="mp3", index=0)
    assert final_path(relative, secure=False) == str(tmp_path / "save" / "v_mp3_0.mp3")
    assert final_path(relative, secure=True) == str(tmp_path / "save" / "v_mp3_0.vseal")
    all_of_them = [identity, other(identity, index=1), other(identity, format="mp4"), relative]
    assert len({final_path(one, secure=True) for one in all_of_them}) == 4


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 100])
def test_a_damaged_journal_gives_way(identity: Identity, damage: bytes) -> None:
    random = counting()
    first = JobStore(identity).create(secure=True, random=random)
    (job_folder(identity) / "job.db").write_bytes(damage)
    assert JobStore(identity).entry() is None
    assert JobStore(identity).create(secure=True, random=random).download_id != first.download_id


def test_a_journal_of_a_later_version_is_left_alone(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    database = sqlite3.connect(job_folder(identity) / "job.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(UnsupportedVersionError):
        JobStore(identity).create(secure=False, random=counting())
    with pytest.raises(UnsupportedVersionError):
        JobStore.find(identity.save_dir, identity.vid, identity.index)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_journal_that_cannot_be_read_is_no_missing_one(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    (job_folder(identity) / "job.db").chmod(0)
    with pytest.raises(DownloadError):
        JobStore(identity).create(secure=False, random=counting())


def test_a_completed_job_without_its_file_counts_as_none(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    with open_journal(identity) as journal:
        journal.complete()
    assert JobStore(identity).entry() is None
    Path(final_path(identity, secure=True)).write_bytes(b"sealed")
    entry = JobStore(identity).entry()
    assert entry is not None
    assert entry.state is JobState.COMPLETED


def test_the_record_opens_with_the_content_key_alone(identity: Identity) -> None:
    entry = JobStore(identity).create(secure=True, random=counting())
    assert JobStore(identity).load_job(CK) is None
    job = JobSpec(
        kind=SourceKind.HLS,
        download_id=entry.download_id,
        secure=True,
        segments=(SegmentSpec(url="u", path="/p"),),
    )
    with open_journal(identity) as journal:
        journal.set_record(seal_job(job, CK))
    assert JobStore(identity).load_job(CK) == job
    with pytest.raises(TamperedError):
        JobStore(identity).load_job(b"x" * 32)
    assert JobStore(other(identity, index=9)).load_job(CK) is None


def test_the_journal_keeps_pieces_facts_and_state(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    rows = [
        StagedPiece(sequence=0, number=n, source_id=b"s" * 32, size=n, prefix=b"p" * 56)
        for n in range(3)
    ]
    facts = FileFacts(total_size=9, validator='"v"')
    with open_journal(identity) as journal:
        journal.add_pieces(rows)
        journal.set_facts(facts)
        journal.set_state(JobState.STAGED)
    with open_journal(identity) as journal:
        assert journal.pieces() == rows
        assert journal.facts() == facts
        entry = journal.entry()
        assert entry is not None
        assert entry.state is JobState.STAGED
        journal.drop_pieces([(0, 1)])
        assert journal.pieces() == [rows[0], rows[2]]
        entry = journal.entry()
        assert entry is not None
        assert entry.state is JobState.DOWNLOADING
        journal.restart()
        assert (journal.pieces(), journal.facts()) == ([], None)


def test_the_journal_keeps_the_head_of_a_finished_file(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    with open_journal(identity) as journal:
        assert journal.head() is None
        journal.complete(b"header and meta")
        assert journal.head() == b"header and meta"
        entry = journal.entry()
        assert entry is not None
        journal.begin(entry)
        assert journal.head() is None


def test_a_journal_of_the_first_version_is_read_on(identity: Identity) -> None:
    entry = JobStore(identity).create(secure=True, random=counting())
    database = sqlite3.connect(job_folder(identity) / "job.db")
    database.execute("ALTER TABLE job DROP COLUMN head")
    database.execute("PRAGMA user_version = 1")
    database.close()
    assert JobStore(identity).entry() == entry
    with open_journal(identity) as journal:
        assert journal.head() is None
        journal.complete(b"head")
    with open_journal(identity) as journal:
        assert journal.head() == b"head"


@pytest.mark.behaviour("B24")
def test_deleting_leaves_nothing(identity: Identity) -> None:
    random = counting()
    first = JobStore(identity).create(secure=True, random=random)
    stage = job_folder(identity) / "stage"
    stage.mkdir()
    (stage / "000000.0.seg").write_bytes(b"x")
    for secure in (True, False):
        Path(final_path(identity, secure=secure)).write_bytes(b"x")
        Path(final_path(identity, secure=secure) + PART_SUFFIX).write_bytes(b"x")
    delete_download(identity)
    assert list(Path(identity.save_dir).iterdir()) == []
    assert JobStore(identity).create(secure=True, random=random) != first


def test_deleting_leaves_the_neighbours(identity: Identity) -> None:
    neighbour = other(identity, index=3)
    for one in (identity, neighbour):
        JobStore(one).create(secure=True, random=counting())
    delete_download(identity)
    assert JobStore(neighbour).entry() is not None


@pytest.mark.behaviour("B23")
def test_deleting_what_is_not_there_has_its_number(identity: Identity) -> None:
    with pytest.raises(DownloadError) as caught:
        delete_download(identity)
    assert caught.value.code is ErrorCode.FILE_NOT_EXIST


@pytest.mark.behaviour("B22")
def test_a_download_at_work_is_not_deleted(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    with open_job_folder(identity) as folder, locked(folder):
        with pytest.raises(DownloadError) as caught:
            delete_download(identity)
        assert caught.value.code is ErrorCode.CLEAN_WRONG_STATUS
        assert JobStore(identity).entry() is not None
    delete_download(identity)


def test_a_download_at_work_is_not_begun_in_another_mode(identity: Identity) -> None:
    JobStore(identity).create(secure=True, random=counting())
    with open_job_folder(identity) as folder, locked(folder):
        with pytest.raises(DownloadError) as caught:
            JobStore(identity).create(secure=False, random=counting())
        assert caught.value.code is ErrorCode.CLEAN_WRONG_STATUS
