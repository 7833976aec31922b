"""How a service starts, refuses to start, and stops."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

from .conftest import RunningService, publish

needs_posix = pytest.mark.skipif(os.name == "nt", reason="file modes and signals")
needs_user = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere"
)


def refusal(settings) -> OperatorError:
    running = RunningService(settings)
    try:
        with pytest.raises(OperatorError) as caught:
            running.start()
    finally:
        running.stop()
    return caught.value


def test_the_admin_key_is_told_once(settings):
    service = RunningService(settings).start()
    try:
        first = service.ready.admin_key
        assert first.access_key_id.startswith("VSAK")
        assert first.access_key_secret not in repr(service.ready)
        service.stop()
        service.start()
        assert service.ready.admin_key is None
        assert service.call("GetVideoList").status == 200
    finally:
        service.stop()


def test_port_0_takes_a_free_one(service):
    assert service.ready.port > 0
    assert service.endpoint == f"http://127.0.0.1:{service.ready.port}"
    assert service.http("GET", "/healthz").json == {"status": "ok"}


def test_a_busy_port_is_named(settings):
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        error = refusal(replace(settings, port=holder.getsockname()[1]))
    assert error.code == ErrorCode.PORT_IN_USE
    assert error.remedy
    again = RunningService(settings).start()  # the folder is free again
    again.stop()


def test_an_address_that_is_not_ours_is_named(settings):
    assert refusal(replace(settings, host="192.0.2.1")).code == ErrorCode.PORT_IN_USE


def test_one_service_at_a_time_has_a_data_folder(service, settings):
    error = refusal(settings)
    assert error.code == ErrorCode.DATA_FOLDER_IN_USE
    assert service.call("GetVideoList").status == 200


@needs_user
def test_a_data_folder_that_cannot_be_written_is_named(settings, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    error = refusal(replace(settings, data=closed / "data"))
    assert error.code == ErrorCode.DATA_FOLDER_UNUSABLE


def test_a_data_folder_below_a_file_is_named(settings, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    error = refusal(replace(settings, data=tmp_path / "file" / "data"))
    assert error.code == ErrorCode.DATA_FOLDER_UNUSABLE


def test_a_newer_schema_is_left_alone(settings):
    RunningService(settings).start().stop()
    database = settings.data / "service.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    error = refusal(settings)
    assert error.code == ErrorCode.DATA_FOLDER_NEWER
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_a_file_that_is_no_database_is_named(settings):
    settings.data.mkdir()
    (settings.data / "service.db").write_bytes(b"not a database" * 100)
    assert refusal(settings).code == ErrorCode.DATA_FOLDER_UNUSABLE


def master_key(settings):
    [path] = (settings.home / "keys").iterdir()
    return path


def test_a_missing_master_key_is_named_and_not_made_anew(settings):
    RunningService(settings).start().stop()
    path = master_key(settings)
    kept = path.read_bytes()
    path.unlink()
    assert refusal(settings).code == ErrorCode.MASTER_KEY_UNUSABLE
    assert not path.exists()
    path.write_bytes(kept)
    path.chmod(0o600)
    RunningService(settings).start().stop()


def test_a_wrong_master_key_is_named(settings, tmp_path):
    RunningService(settings).start().stop()
    other = replace(settings, data=tmp_path / "other", home=tmp_path / "home2")
    RunningService(other).start().stop()
    master_key(settings).write_bytes(master_key(other).read_bytes())
    assert refusal(settings).code == ErrorCode.MASTER_KEY_UNUSABLE


@needs_posix
def test_a_master_key_that_others_can_read_is_refused(settings):
    RunningService(settings).start().stop()
    path = master_key(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    error = refusal(settings)
    assert error.code == ErrorCode.MASTER_KEY_UNUSABLE
    assert "chmod 600" in error.remedy


def test_a_master_key_inside_the_data_folder_is_refused(settings):
    error = refusal(replace(settings, master_key=settings.data / "sub" / "key"))
    assert error.code == ErrorCode.MASTER_KEY_UNUSABLE


def test_no_unwrapped_key_lies_in_the_data_folder(service, settings):
    [stream] = publish(service)
    keys = service.context.keys
    secrets = [
        service.admin.access_key_secret.encode(),
        keys.credential.private_bytes_raw(),
        keys.license.private_bytes_raw(),
        keys.digests.private_bytes_raw(),
        keys.tokens,
        keys.urls.encode(),
        bytes.fromhex(keys.urls),
        stream.key,
    ]
    document = json.loads(master_key(settings).read_bytes())
    secrets += [bytes.fromhex(text) for text in document["versions"].values()]
    forms = {form for secret in secrets for form in (secret, secret.hex().encode())}
    service.stop()
    for path in settings.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [form for form in forms if form in content], path
    planted = settings.data / "planted"
    planted.write_bytes(b"..." + stream.key)
    assert stream.key in planted.read_bytes()


def test_bytes_that_no_row_names_are_erased_at_the_start(settings):
    service = RunningService(settings).start()
    try:
        [kept] = publish(service)
        blobs = service.context.blobs
        service.on_loop(blobs.put(f"media/{'0' * 32}/x/seg.ts", b"left behind"))
        service.on_loop(blobs.put(f"originals/{'0' * 32}/1", b"left behind"))
        waiting = service.create_video()
        service.on_loop(blobs.put(f"originals/{waiting.video_id}/1", b"not entered"))
        (settings.data / "uploads" / ("1" * 32)).mkdir()
        (settings.data / "uploads" / f"{waiting.video_id}.x").write_bytes(b"cut off")
        service.stop()
        service.start()
        originals = [p.parent.name for p in (settings.data / "blobs" / "originals").glob("*/*")]
        assert originals == [kept.video_id]
        names = {path.name for path in (settings.data / "blobs" / "media").iterdir()}
        assert names == {kept.video_id}
        assert list((settings.data / "uploads").iterdir()) == []
    finally:
        service.stop()


SERVE = """
import sys
from pathlib import Path
from vodseal.errors import OperatorError
from vodseal.service.server import run
from vodseal.service.settings import Settings
data, home = map(Path, sys.argv[1:3])
try:
    run(Settings(data=data, home=home, port=0), lambda ready: print(ready.port, flush=True))
except OperatorError as error:
    sys.exit(f"{error.code.name}: {error.message}")
print("stopped", flush=True)
"""


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(settings, number):
    command = [sys.executable, "-c", SERVE, str(settings.data), str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"stopped\n", b"")
    RunningService(settings).start().stop()


@needs_posix
def test_a_kill_leaves_a_folder_that_starts_again(settings):
    command = [sys.executable, "-c", SERVE, str(settings.data), str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert int(process.stdout.readline()) > 0
        process.kill()
        process.communicate(timeout=30)
    RunningService(settings).start().stop()


HANGS = SERVE.replace(
    "from vodseal.service.settings", "import asyncio\nfrom vodseal.service.settings"
)
HANGS = HANGS.replace(
    "data, home =",
    """
class Hangs:
    def __init__(self, context): pass
    async def start(self): pass
    async def stop(self):
        print("stopping", flush=True)
        await asyncio.Event().wait()
    def notify(self): pass
    async def cancel(self, video_ids): pass
data, home =""",
).replace("flush=True))\nexcept", "flush=True), Hangs)\nexcept")


@needs_posix
def test_a_second_signal_ends_it_at_once(settings):
    command = [sys.executable, "-c", HANGS, str(settings.data), str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert int(process.stdout.readline()) > 0
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"stopping\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith(b"INTERRUPTED: ")
    RunningService(settings).start().stop()
