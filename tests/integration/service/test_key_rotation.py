"""Rotation of the master key, in a running service."""

from __future__ import annotations

import json
import os
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from tests.scenario.unwrapped import unwrap_all

from vodseal.errors import KeyServiceError
from vodseal.service.audit.reading import read_log
from vodseal.service.database.models import KeyRotation, LicenseRow, Stream
from vodseal.service.jobs.rotation import KeyRotator
from vodseal.service.kms import contexts
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import load_master_key

from .conftest import RunningService, publish
from .test_play import key_url


def master_path(settings):
    [path] = (settings.home / "keys").glob("*.key")
    return path


def versions(path) -> list[int]:
    return sorted(map(int, json.loads(path.read_text())["versions"]))


def rotate(service) -> dict:
    service.ok("RotateMasterKey")
    return wait_for_done(service)


def add_licenses(service, count: int) -> None:
    async def add():
        context = service.context
        rows = []
        for number in range(count):
            ids = (f"{number:032x}", "d" * 32)
            blob = await context.kms.encrypt(os.urandom(32), contexts.license_key(*ids))
            rows.append(
                LicenseRow(
                    download_id=ids[0],
                    device_id=ids[1],
                    video_id="v",
                    job_id="j",
                    track=0,
                    app_serial="s",
                    sequence=1,
                    key_blob=blob,
                    issued_at=1.0,
                )
            )
        async with context.sessions.begin() as session:
            session.add_all(rows)

    service.on_loop(add())


def heads(service) -> set[bytes]:
    import sqlite3
    from contextlib import closing

    found = set()
    with closing(sqlite3.connect(service.settings.data / "service.db")) as database:
        for table, column in (
            ("service_keys", "key_blob"),
            ("access_keys", "secret_blob"),
            ("videos", "source_key_blob"),
            ("streams", "key_blob"),
            ("licenses", "key_blob"),
        ):
            for (blob,) in database.execute(
                f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - names of the test
            ):
                found.add(blob[:13])
    return found


def test_every_stored_key_gets_under_the_new_version(service, settings):
    [stream] = publish(service)
    add_licenses(service, 120)
    before = unwrap_all(settings.data, settings.home)
    token = service.ok("CreateHlsUriToken", VideoId=stream.video_id)["MtsHlsUriToken"]
    url = f"{key_url(stream.playlist)}&{urlencode({'MtsHlsUriToken': token})}"
    answer = rotate(service)
    assert answer["KeyVersion"].endswith("/2")
    assert answer["Rotation"]["Done"] == answer["Rotation"]["Total"] > 120
    assert answer["Rotation"]["Failed"] == 0
    assert {head[-1] for head in heads(service)} == {2}
    after = unwrap_all(settings.data, settings.home)
    assert {name: key for name, key in after.items() if "master" not in name} == {
        name: key for name, key in before.items() if "master" not in name
    }
    assert service.http("GET", url).body == stream.key  # the EDK of an old playlist
    assert service.call("GetVideoList").status == 200
    rewrapped = [
        item.event
        for item in read_log(settings.data / "audit")
        if item.event.action == "key.rewrap"
    ]
    assert len(rewrapped) == answer["Rotation"]["Done"]


def test_old_versions_are_archived_by_a_start_that_finds_nothing_under_them(service, settings):
    path = master_path(settings)
    rotate(service)
    assert versions(path) == [1, 2]
    service.stop()
    service.start()
    assert versions(path) == [2]
    archive = path.with_name(f"{path.name}.archive")
    assert versions(archive) == [1, 2]
    assert archive.stat().st_mode & 0o77 == 0
    rotate(service)
    service.stop()
    service.start()
    assert versions(path) == [3]
    assert versions(archive) == [1, 2, 3]
    actions = [item.event.action for item in read_log(settings.data / "audit")]
    assert actions.count("key.rotate") == actions.count("key.archive") == 2


def test_a_key_that_was_stored_late_keeps_its_version_alive(service, settings):
    """As a transcode does that began before the rotation and ended after it."""
    path = master_path(settings)
    [stream] = publish(service)
    late = service.on_loop(read_blob(service, stream))
    rotate(service)
    service.on_loop(write_blob(service, stream, late))
    service.stop()
    service.start()
    assert versions(path) == [1, 2]  # not archived: it is wrapped anew first
    rotate_again = wait_for_done(service)
    assert rotate_again["Rotation"]["State"] == "done"
    assert {head[-1] for head in heads(service)} == {2}
    service.stop()
    service.start()
    assert versions(path) == [2]


def wait_for_done(service) -> dict:
    for _ in range(1000):
        answer = service.ok("GetKeyRotation")
        if answer["Rotation"]["State"] == "done":
            return answer
    pytest.fail("the rotation does not end")


async def read_blob(service, stream) -> bytes:
    async with service.context.reads.begin() as session:
        return (await session.get(Stream, stream.job_id)).key_blob


async def write_blob(service, stream, blob) -> None:
    async with service.context.sessions.begin() as session:
        (await session.get(Stream, stream.job_id)).key_blob = blob


def test_a_damaged_key_is_counted_and_left_alone(service, settings):
    [stream] = publish(service)
    blob = service.on_loop(read_blob(service, stream))
    damaged = blob[:-1] + bytes([blob[-1] ^ 1])
    service.on_loop(write_blob(service, stream, damaged))
    answer = rotate(service)
    assert answer["Rotation"]["Failed"] == 1
    assert answer["Rotation"]["Error"]
    assert service.on_loop(read_blob(service, stream)) == damaged
    service.stop()
    service.start()
    assert versions(master_path(settings)) == [1, 2]


def test_asking_twice_is_one_rotation(service):
    add_licenses(service, 100)
    service.ok("RotateMasterKey")
    service.ok("RotateMasterKey")
    assert wait_for_done(service)["KeyVersion"].endswith("/2")


def test_only_the_operator_rotates(service):
    for action in ("RotateMasterKey", "GetKeyRotation"):
        assert service.call(action, service.sts()).code == "NoPermission"


class Killed(BaseException):
    """What a kill is to the code that it hits: nothing after it is run."""


@pytest.mark.parametrize("point", range(14))
def test_a_kill_at_any_step_is_gone_on_from(settings, point):
    """The provider's calls are the steps: a rotation, and one for each key."""
    service = RunningService(settings).start()
    try:
        add_licenses(service, 5)
        before = unwrap_all(settings.data, settings.home)
        service.on_loop(rotate_until_killed(service.context, master_path(settings), point))
        service.stop()
        service.start()
        done = wait_for_done(service)
        assert done["KeyVersion"].endswith("/2")
        assert {head[-1] for head in heads(service)} == {2}
        after = unwrap_all(settings.data, settings.home)
        assert all(after[name] == key for name, key in before.items())
    finally:
        service.stop()


async def rotate_until_killed(context, path, point: int) -> None:
    steps = iter(range(point, -1, -1))

    class Provider(LocalKeyService):
        async def rotate(self):
            if point == 0:
                raise Killed
            await super().rotate()
            if next(steps) == 0 or point == 1:
                raise Killed

    class Keys:
        async def reencrypt(self, blob, key_context):
            if next(steps, 0) == 0:
                raise Killed
            return await provider.reencrypt(blob, key_context)

    import dataclasses

    provider = Provider(path, load_master_key(path), os.urandom)
    rotator = KeyRotator(dataclasses.replace(context, kms=Keys()), provider)
    await rotator.begin()
    with pytest.raises(Killed):
        await rotator._task
    rotator._task = None


def test_a_provider_that_fails_is_told_and_waited_for(service, settings):
    class Provider(LocalKeyService):
        async def rotate(self):
            raise KeyServiceError("the token is out")

    async def main():
        path = master_path(settings)
        rotator = KeyRotator(service.context, Provider(path, load_master_key(path), os.urandom))
        await rotator.begin()
        while True:
            async with service.context.reads.begin() as session:
                row = await session.scalar(select(KeyRotation))
            if row.error:
                break
        await rotator.stop()
        return row

    row = service.on_loop(main())
    assert (row.state, row.error) == ("rotating", "the token is out")
    service.stop()
    service.start()
    assert wait_for_done(service)["KeyVersion"].endswith("/2")
