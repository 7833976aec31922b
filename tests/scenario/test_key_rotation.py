"""An operator rotates the master key, and the service is killed in the middle of it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.scenario.cli_world import Person, ServiceProcess, end_all
from tests.scenario.unwrapped import unwrap_all

from vodseal.service.kms import contexts
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import load_master_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

COUNT = 3000


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    end_all()


def add_licenses(data: Path, home: Path) -> None:
    path = home / "keys" / f"{(data / 'id').read_text().strip()}.key"
    kms = LocalKeyService(path, load_master_key(path), os.urandom)

    async def rows() -> list[tuple[object, ...]]:
        made: list[tuple[object, ...]] = []
        for number in range(COUNT):
            ids = (f"{number:032x}", "d" * 32)
            blob = await kms.encrypt(os.urandom(32), contexts.license_key(*ids))
            made.append((*ids, "v", "j", 0, "s", 1, blob, 1.0))
        return made

    columns = "download_id, device_id, video_id, job_id, track, app_serial, sequence, key_blob"
    with closing(sqlite3.connect(data / "service.db")) as database, database:
        database.executemany(
            f"INSERT INTO licenses ({columns}, issued_at) VALUES (?,?,?,?,?,?,?,?,?)",  # noqa: S608 - names of the test
            asyncio.run(rows()),
        )


@pytest.mark.slow
def test_a_rotation_outlives_a_kill(tmp_path: Path) -> None:
    operator, data = Person(tmp_path / "home"), tmp_path / "data"
    ServiceProcess(operator, data).stop()
    add_licenses(data, operator.home)
    before = unwrap_all(data, operator.home)
    service = ServiceProcess(operator, data)
    operator.must("keys", "rotate")
    while not int(str(operator.must("keys", "status").get("done", 0))) > 0:
        pass
    service.running.kill()
    with closing(sqlite3.connect(data / "service.db")) as database:
        [(state, done)] = database.execute("SELECT state, done FROM key_rotations").fetchall()
    assert state == "rewrapping"
    assert 0 < done < COUNT, "it was killed in the middle"
    service = ServiceProcess(operator, data)
    said = operator.call("keys", "rotate", "--wait")
    assert said.status == 0
    assert [event["total"] for event in said.named("rewrapping")][-1] > COUNT
    assert said.last["rotation"] == "done"
    assert said.last["failed"] == 0
    assert str(said.last["key_version"]).endswith("/2")
    service.stop()
    after = unwrap_all(data, operator.home)
    assert all(after[name] == key for name, key in before.items())
    assert operator.must("audit", "verify", "--data", data)["not_signed_yet"] == 0
    ServiceProcess(operator, data).stop()
    [path] = (operator.home / "keys").glob("*.key")
    assert set(load_master_key(path).versions) == {2}
    assert set(load_master_key(path.with_name(f"{path.name}.archive")).versions) == {1, 2}
