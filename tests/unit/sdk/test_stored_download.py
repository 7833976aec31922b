"""What is on disk is told by its key, and deleted with it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from vodseal.download.index import JobStore
from vodseal.download.job import Identity
from vodseal.error_codes import ErrorCode
from vodseal.sdk import stored_download
from vodseal.sdk.place import find_place
from vodseal.sdk.stored_download import DeleteResult, delete_by_identity, discard, opens_with
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(save_dir=str(tmp_path / "films"), vid="v1", format="mp4", index=2)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_job_that_was_only_begun_opens_with_any_key(identity: Identity) -> None:
    entry = JobStore(identity).create(secure=False, random=os.urandom)
    assert opens_with(entry, KEY)


@pytest.mark.parametrize("discarding", [True, False])
def test_the_staging_key_goes_with_the_files(
    identity: Identity, home: Path, *, discarding: bool
) -> None:
    entry = JobStore(identity).create(secure=False, random=os.urandom)
    vault = Vault(home, NO_APP)
    vault.save_secret(entry.download_id, KEY)
    if discarding:
        discard(entry, None, home)
    else:
        assert delete_by_identity(identity.save_dir, "v1", "MP4", 2) is DeleteResult.OK
    assert JobStore(identity).entry() is None
    assert vault.load_secret(entry.download_id) is None


@pytest.mark.behaviour("B23")
def test_whatever_goes_wrong_a_number_comes_back(
    identity: Identity,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: Identity) -> None:
        raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr(stored_download, "delete_download", fail)
    with caplog.at_level(logging.ERROR):
        result = delete_by_identity(identity.save_dir, "v1", "mp4", 2)
    assert result is DeleteResult.FAILED
    assert result.code is ErrorCode.WRITE_ERROR
    assert caplog.messages == ["A download could not be deleted"]


def test_a_closed_vault_does_not_keep_the_files(
    identity: Identity, home: Path, tmp_path: Path
) -> None:
    JobStore(identity).create(secure=False, random=os.urandom)
    home.write_text("not a folder")
    assert delete_by_identity(identity.save_dir, "v1", "mp4", 2) is DeleteResult.OK
    assert [one for one in (tmp_path / "films").rglob("*") if one.is_file()] == []


def test_the_place_of_a_job_is_known_from_the_disk(identity: Identity) -> None:
    assert find_place(identity.save_dir, "v1", 2, None) is None
    JobStore(identity).create(secure=True, random=os.urandom)
    place = find_place(identity.save_dir, "v1", 2, None)
    assert place is not None
    assert place.identity == identity
    assert place.path == f"{identity.save_dir}{os.sep}v1_mp4_2.vseal"
    assert find_place(identity.save_dir, "v1", 1, None) is None
    assert find_place(identity.save_dir, "../v1", 2, None) is None
