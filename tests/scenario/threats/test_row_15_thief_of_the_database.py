"""Row 15: somebody steals the service's data folder, database and blobs, without the master key."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.scenario.unwrapped import clear_streams, unwrap_all

from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, TamperedError
from vodseal.service.jobs.in_process import InProcessRunner
from vodseal.service.kms import contexts
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import MasterKey, create_master_key
from vodseal.service.opening import open_service
from vodseal.service.settings import Settings
from vodseal.testing.leakscan import LeakScanner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]


@pytest.fixture
def loot(phone: Phone, house: House, video: Video, tmp_path: Path) -> Path:
    """What a thief copies after a viewer has downloaded a film."""
    phone.download(house.sts(video("short")))
    stolen = tmp_path / "stolen"
    shutil.copytree(house.folder / "data", stolen, ignore=shutil.ignore_patterns("lock"))
    return stolen


def test_no_key_and_no_clear_film_is_in_the_loot(loot: Path, house: House) -> None:
    keys = unwrap_all(house.folder / "data", house.folder / "home")
    kinds = {name.split()[0] for name in keys}
    assert {"streams", "licenses", "videos", "service_keys", "access_keys", "master"} <= kinds
    film = next(iter(clear_streams(house.folder / "data", keys).values()))
    scanner = LeakScanner(
        markers={"film": film[1000:1064]},
        secrets={name: key for name, key in keys.items() if len(key) >= 16},
    )
    assert scanner.scan(loot) == []
    (loot / "planted").write_bytes(b"." * 99 + film[1000:1064])
    assert scanner.scan(loot)


def test_a_service_of_the_thief_does_not_start_on_it(loot: Path, tmp_path: Path) -> None:
    settings = Settings(data=loot, home=tmp_path / "thief", port=0)
    error = start(settings)
    assert error.code is ErrorCode.MASTER_KEY_UNUSABLE
    identity = (loot / "id").read_text().strip()
    create_master_key(tmp_path / "thief" / "keys" / f"{identity}.key", os.urandom)
    assert start(settings).code is ErrorCode.MASTER_KEY_UNUSABLE


def start(settings: Settings) -> OperatorError:
    async def main() -> None:
        opened = open_service(settings, InProcessRunner, clock=SystemClock(), random=os.urandom)
        async with opened:
            pytest.fail("it started")

    with pytest.raises(OperatorError) as caught:
        asyncio.run(main())
    return caught.value


def test_no_wrapped_key_opens_under_a_key_of_the_thief(loot: Path, tmp_path: Path) -> None:
    """Every blob of every table, under the key id that its head asks for."""
    with closing(sqlite3.connect(loot / "service.db")) as database:
        rows = database.execute("SELECT video_id, id, encrypt_type, key_blob FROM streams")
        blobs = [row for row in rows if row[3]]
    assert blobs
    for video_id, stream_id, encrypt_type, blob in blobs:
        master = MasterKey(id=blob[1:9], current=1, versions={1: os.urandom(32)})
        kms = LocalKeyService(tmp_path / "none", master, os.urandom)
        context = contexts.stream(video_id, stream_id, encrypt_type)
        with pytest.raises(TamperedError):
            asyncio.run(kms.decrypt(blob, context))


def test_the_audit_log_of_the_loot_tells_names_and_no_keys(loot: Path, house: House) -> None:
    keys = unwrap_all(house.folder / "data", house.folder / "home")
    secrets = {name: key for name, key in keys.items() if len(key) >= 16}
    assert LeakScanner(secrets=secrets, media=False).scan(loot / "audit") == []
