"""The audit log as it is written: durable, in groups, and never past a failure."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.errors import AuditLogError, KeyServiceError, TamperedError
from vodseal.service.audit import log as log_module
from vodseal.service.audit.audited_keys import AuditedKeyService
from vodseal.service.audit.chain import AuditEvent
from vodseal.service.audit.log import AuditLog
from vodseal.service.audit.reading import CHECKPOINTS, newest_checkpoint, read_log, verify_log
from vodseal.service.audit.scope import AuditScope, audit_scope
from vodseal.service.kms import contexts
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import MasterKey
from vodseal.testing.clock import FakeClock

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
CONTEXT = contexts.original("a" * 32)
posix = pytest.mark.skipif(sys.platform == "win32", reason="file size limits")


def event(name: str = "test") -> AuditEvent:
    return AuditEvent(actor="tester", action=name, object="thing")


@contextlib.asynccontextmanager
async def opened(folder):
    log = await AuditLog.open(folder, KEY, FakeClock(1000.0), os.urandom)
    try:
        yield log
    finally:
        await log.close()


def names(folder) -> list[str]:
    return [found.event.action for found in read_log(folder)]


@contextlib.contextmanager
def file_size_limit(size: int):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_log_goes_on_over_starts(tmp_path):
    async def main():
        for number in range(3):
            async with opened(tmp_path) as log:
                await log.record(event(f"start {number}"))
                assert names(tmp_path)[-1] == f"start {number}"
        found = verify_log(tmp_path, KEY.public_key())
        assert (found.state.sequence, found.signed, found.checkpoints) == (3, 3, 3)
        assert found.begun_ms == 1_000_000

    asyncio.run(main())


def test_who_waits_together_is_written_together(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(log_module, "sync_file", synced.append)

    async def main():
        async with opened(tmp_path) as log:
            synced.clear()
            await asyncio.gather(*(log.record(event(str(number))) for number in range(200)))
            assert len(synced) < 20
            assert sorted(names(tmp_path), key=int) == [str(number) for number in range(200)]

    asyncio.run(main())


def test_every_thousand_records_are_signed(tmp_path):
    async def main():
        async with opened(tmp_path) as log:
            for _ in range(5):
                await asyncio.gather(*(log.record(event()) for _ in range(500)))
            await log.record(event())
            assert verify_log(tmp_path, KEY.public_key()).checkpoints == 2

    asyncio.run(main())


def test_a_new_file_follows_a_full_one(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "_FILE_SIZE", 300)

    async def main():
        for _ in range(2):
            async with opened(tmp_path) as log:
                for number in range(10):
                    await log.record(event(str(number)))
        assert len(list(tmp_path.glob("*.log"))) > 3
        assert names(tmp_path) == [str(number) for number in range(10)] * 2
        verify_log(tmp_path, KEY.public_key())
        files = sorted(tmp_path.glob("*.log"))
        for gone in (files[0], files[1]):
            kept = gone.read_bytes()
            gone.unlink()
            with pytest.raises(AuditLogError, match="missing"):
                verify_log(tmp_path, KEY.public_key())
            gone.write_bytes(kept)
        files[-1].unlink()
        with pytest.raises(AuditLogError, match="end was removed"):
            verify_log(tmp_path, KEY.public_key())
        files[1].rename(tmp_path / "99999999999999999999.log")
        with pytest.raises(AuditLogError):
            verify_log(tmp_path, KEY.public_key())

    asyncio.run(main())


@posix
def test_a_full_disk_refuses_and_leaves_nothing_behind(tmp_path):
    async def main():
        async with opened(tmp_path) as log:
            await log.record(event("before"))
            [path] = tmp_path.glob("*.log")
            for room in (0, 1, 40):
                limit = file_size_limit(path.stat().st_size + room)
                with limit, pytest.raises(AuditLogError, match="cannot be written"):
                    await log.record(event("refused"))
            await log.record(event("after"))
        assert names(tmp_path) == ["before", "after"]
        verify_log(tmp_path, KEY.public_key())

    asyncio.run(main())


@posix
def test_everyone_who_waited_for_a_failed_write_is_told(tmp_path):
    async def main():
        async with opened(tmp_path) as log:
            [path] = tmp_path.glob("*.log")
            with file_size_limit(path.stat().st_size):
                told = await asyncio.gather(
                    *(log.record(event()) for _ in range(20)), return_exceptions=True
                )
            assert all(isinstance(error, AuditLogError) for error in told)
            await log.record(event("after"))
        assert names(tmp_path) == ["after"]

    asyncio.run(main())


@posix
def test_no_room_for_a_new_file_refuses_and_is_made_up_for(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "_FILE_SIZE", 1)

    async def main():
        async with opened(tmp_path) as log:
            await log.record(event("before"))
            with file_size_limit(10), pytest.raises(AuditLogError):
                await log.record(event("refused"))
            await log.record(event("after"))
        assert names(tmp_path) == ["before", "after"]
        verify_log(tmp_path, KEY.public_key())

    asyncio.run(main())


def test_nothing_is_written_after_a_failed_sync(tmp_path, monkeypatch):
    def fail(_handle):
        raise OSError(5, "Input/output error")

    async def main():
        async with opened(tmp_path) as log:
            await log.record(event("before"))
            with monkeypatch.context() as patch:
                patch.setattr(log_module, "sync_file", fail)
                with pytest.raises(AuditLogError):
                    await log.record(event("doubtful"))
            with pytest.raises(AuditLogError, match="in doubt"):
                await log.record(event("refused"))
        async with opened(tmp_path) as log:  # a start reads what there is
            await log.record(event("after"))
        assert names(tmp_path) in (["before", "after"], ["before", "doubtful", "after"])
        verify_log(tmp_path, KEY.public_key())

    asyncio.run(main())


@pytest.mark.parametrize("left", [b"\0", b"\0\0\0\x20half a record", bytes(4096)])
def test_what_a_crash_left_is_cut_off(tmp_path, left):
    async def main():
        async with opened(tmp_path) as log:
            await log.record(event("before"))
        [path] = tmp_path.glob("*.log")
        for torn in (path, tmp_path / CHECKPOINTS):
            torn.write_bytes(torn.read_bytes() + (left if torn == path else left[:3]))
        assert names(tmp_path) == ["before"]
        async with opened(tmp_path) as log:
            await log.record(event("after"))
        assert names(tmp_path) == ["before", "after"]
        assert verify_log(tmp_path, KEY.public_key()).checkpoints == 2

    asyncio.run(main())


def test_a_crash_before_the_first_record_is_harmless(tmp_path):
    async def main():
        async with opened(tmp_path) as log:
            assert log.state.sequence == 0
        [path] = tmp_path.glob("*.log")
        for size in (0, 10):
            path.write_bytes(path.read_bytes()[:size])
            async with opened(tmp_path):
                pass
        assert names(tmp_path) == []

    asyncio.run(main())


def spoil_record(folder):
    [path] = folder.glob("*.log")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_end(folder):
    [path] = folder.glob("*.log")
    path.write_bytes(path.read_bytes()[:-60])


def remove_files(folder):
    for path in folder.glob("*.log"):
        path.unlink()


def spoil_checkpoint(folder):
    path = folder / CHECKPOINTS
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("attack", [spoil_record, cut_end, remove_files, spoil_checkpoint])
def test_a_log_that_does_not_hold_is_not_gone_on_with(tmp_path, attack):
    async def main():
        async with opened(tmp_path) as log:
            for number in range(9):
                await log.record(event(str(number)))
        attack(tmp_path)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with pytest.raises(AuditLogError):
            await AuditLog.open(tmp_path, KEY, FakeClock(1.0), os.urandom)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        with pytest.raises(AuditLogError):
            verify_log(tmp_path, KEY.public_key())

    asyncio.run(main())


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "audit").write_bytes(b"")
    with pytest.raises(AuditLogError):
        asyncio.run(AuditLog.open(tmp_path / "audit", KEY, FakeClock(1.0), os.urandom))


def test_nothing_is_signed_of_an_empty_log(tmp_path):
    with pytest.raises(AuditLogError, match="nothing"):
        newest_checkpoint(tmp_path)
    with pytest.raises(AuditLogError, match="no audit log"):
        verify_log(tmp_path, KEY.public_key())


def keys() -> LocalKeyService:
    from pathlib import Path

    master = MasterKey(id=b"12345678", current=1, versions={1: b"m" * 32})
    return LocalKeyService(Path(os.devnull), master, os.urandom)


def test_every_use_of_a_key_is_recorded(tmp_path):
    async def main():
        async with opened(tmp_path) as log:
            kms = AuditedKeyService(keys(), log)
            made = await kms.generate_data_key(CONTEXT, 16)
            blob = await kms.encrypt(made.plain, CONTEXT)
            await kms.decrypt(blob, CONTEXT)
            await kms.reencrypt(blob, CONTEXT)
            with pytest.raises(TamperedError):
                await kms.decrypt(blob, contexts.upload("x"))
        found = [(item.event.action, item.event.result) for item in read_log(tmp_path)]
        assert found == [
            ("key.generate", "ok"),
            ("key.wrap", "ok"),
            ("key.open", "ok"),
            ("key.rewrap", "ok"),
            ("key.open", "TamperedError"),
        ]
        text = b"".join(path.read_bytes() for path in tmp_path.glob("*.log"))
        assert made.plain not in text
        assert made.plain.hex().encode() not in text

    asyncio.run(main())


@posix
@pytest.mark.parametrize("operation", ["generate", "encrypt", "decrypt", "reencrypt"])
def test_no_key_comes_out_when_the_log_cannot_be_written(tmp_path, operation):
    async def main():
        async with opened(tmp_path) as log:
            kms = AuditedKeyService(keys(), log)
            blob = await kms.encrypt(b"k" * 16, CONTEXT)
            work = {
                "generate": lambda: kms.generate_data_key(CONTEXT, 16),
                "encrypt": lambda: kms.encrypt(b"k" * 16, CONTEXT),
                "decrypt": lambda: kms.decrypt(blob, CONTEXT),
                "reencrypt": lambda: kms.reencrypt(blob, CONTEXT),
            }[operation]
            [path] = tmp_path.glob("*.log")
            with file_size_limit(path.stat().st_size), pytest.raises(AuditLogError):
                await work()
            await work()

    asyncio.run(main())


@posix
def test_a_request_is_written_as_a_whole_before_it_ends(tmp_path):
    async def main():
        async with opened(tmp_path) as log:
            kms = AuditedKeyService(keys(), log)
            scope = AuditScope(via="GetKey", actor="me", request_id="R", is_grouped=True)
            async with audit_scope(log, scope):
                await kms.encrypt(b"k", CONTEXT)
                await kms.encrypt(b"k", CONTEXT)
                assert names(tmp_path) == []
            assert names(tmp_path) == ["key.wrap"] * 2
            [path] = tmp_path.glob("*.log")
            again = AuditScope(via="GetKey", is_grouped=True)
            with file_size_limit(path.stat().st_size), pytest.raises(AuditLogError):
                async with audit_scope(log, again):
                    await kms.encrypt(b"k", CONTEXT)
        [first, _] = read_log(tmp_path)
        assert (first.event.actor, first.event.request_id) == ("me", "R")
        assert first.event.context["via"] == "GetKey"
        assert first.event.object == f"original/{'a' * 32}"

    asyncio.run(main())


def test_a_provider_that_does_not_answer_is_recorded(tmp_path):
    class Dead(LocalKeyService):
        async def decrypt(self, blob, context):
            raise KeyServiceError("no answer")

    async def main():
        async with opened(tmp_path) as log:
            master = MasterKey(id=b"12345678", current=1, versions={1: b"m" * 32})
            kms = AuditedKeyService(Dead(tmp_path, master, os.urandom), log)
            with pytest.raises(KeyServiceError):
                await kms.decrypt(b"", CONTEXT)
        [found] = read_log(tmp_path)
        assert found.event.result == "KeyServiceError"

    asyncio.run(main())
