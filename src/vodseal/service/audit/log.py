"""The audit log as it is written: durable before anything goes on (SPEC keys §2.5).

Group commit: whoever waits is served by the next write, and one sync serves all
who wait. A write that fails is taken back, and everyone who waited for it gets
``AuditLogError``. After a failed sync nobody knows what the disk holds, so
nothing is written any more until the log is opened anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from vodseal.errors import AuditLogError
from vodseal.service.audit.chain import (
    LOG_ID_SIZE,
    AuditEvent,
    ChainState,
    Checkpoint,
    encode_header,
    frame,
    split_frames,
)
from vodseal.service.audit.reading import CHECKPOINTS, read_tail
from vodseal.vault.private_files import make_private_folder, sync_file, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from vodseal.clock import Clock

__all__ = ["AuditLog", "Batch"]

_FILE_SIZE: Final = 8 << 20
_CHECKPOINT_RECORDS: Final = 1000
_CHECKPOINT_SECONDS: Final = 60.0
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
_log = logging.getLogger(__name__)


class Batch:
    """Events that are written together."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.written.add_done_callback(lambda done: done.cancelled() or done.exception())


class AuditLog:
    """The log of one data folder, open for writing. Make it with ``open``."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey, clock: Clock) -> None:
        """Take where it lies, what signs it, and the time; ``open`` does the rest."""
        self._folder = folder
        self._key = key
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "audit")
        self._next = Batch()
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._failure = ""
        self._is_closing = False
        self._state = ChainState.begin(b"")
        self._handle = -1
        self._size = 0
        self._signed = 0

    @classmethod
    async def open(
        cls, folder: Path, key: Ed25519PrivateKey, clock: Clock, random: Callable[[int], bytes]
    ) -> AuditLog:
        """Return the log in ``folder``; a new one is begun where there is none.

        Raises:
            AuditLogError: What is there does not hold, or cannot be written.
        """
        log = cls(folder, key, clock)
        try:
            await log._in_thread(log._open, random)
        except BaseException:
            log._thread.shutdown()
            raise
        log._writer = asyncio.create_task(log._write_batches())
        return log

    @property
    def state(self) -> ChainState:
        """Return the chain as far as it is durable."""
        return self._state

    def add(self, event: AuditEvent) -> Batch:
        """Have ``event`` written; it is durable when ``wait`` for the batch returns.

        Raises:
            AuditLogError: Nothing can be written any more.
        """
        if self._failure:
            raise AuditLogError(self._failure)
        self._next.events.append(event)
        return self._next

    async def wait(self, batch: Batch) -> None:
        """Return when the batch is durable.

        Raises:
            AuditLogError: It could not be written, and is not in the log.
        """
        self._wake.set()
        await asyncio.shield(batch.written)

    async def record(self, event: AuditEvent) -> None:
        """Return when ``event`` is durable.

        Raises:
            AuditLogError: It could not be written, and is not in the log.
        """
        await self.wait(self.add(event))

    async def close(self) -> None:
        """Write what waits, sign the end, and close. Closing twice is harmless."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._is_closing = True
            self._wake.set()
            await writer
            await self._sign()
            await self._in_thread(self._close)
        self._thread.shutdown()

    async def _write_batches(self) -> None:
        while not self._is_closing:
            uncovered = self._state.sequence > self._signed
            try:
                async with asyncio.timeout(_CHECKPOINT_SECONDS if uncovered else None):
                    await self._wake.wait()
            except TimeoutError:
                await self._sign()
                continue
            self._wake.clear()
            await self._write_next()
            if self._state.sequence - self._signed >= _CHECKPOINT_RECORDS:
                await self._sign()

    async def _write_next(self) -> None:
        batch, self._next = self._next, Batch()
        if not batch.events:
            batch.written.set_result(None)
            return
        try:
            await self._in_thread(self._append, batch.events)
        except AuditLogError as error:
            _log.error("The audit log could not be written", extra={"reason": error.message})
            batch.written.set_exception(error)
        else:
            batch.written.set_result(None)

    async def _sign(self) -> None:
        """Sign the chain as it is; what cannot be signed now is signed the next time."""
        try:
            await self._in_thread(self._append_checkpoint)
        except AuditLogError as error:
            _log.error("The audit log could not be signed", extra={"reason": error.message})

    async def _in_thread(self, work: Callable[..., None], *values: object) -> None:
        def run() -> None:
            try:
                work(*values)
            except OSError as error:
                message = f"the audit log cannot be written: {error.strerror}"
                raise AuditLogError(message) from error

        await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _open(self, random: Callable[[int], bytes]) -> None:
        make_private_folder(self._folder)
        tail = read_tail(self._folder, self._key.public_key())
        if tail is None:
            self._state = ChainState.begin(random(LOG_ID_SIZE))
            self._begin_file()
        else:
            self._state, self._signed = tail.state, tail.signed
            self._open_file(tail.path)
            os.ftruncate(self._handle, tail.end)
            self._size = tail.end
        sync_file(self._handle)
        sync_folder(self._folder)
        checkpoints = self._folder / CHECKPOINTS
        if checkpoints.exists():  # a crash may have left half a one
            whole = b"".join(frame(found) for found in split_frames(checkpoints.read_bytes()))
            os.truncate(checkpoints, len(whole))

    def _open_file(self, path: Path) -> None:
        self._close()
        self._handle = os.open(path, _FLAGS, 0o600)

    def _begin_file(self) -> None:
        """Go on in a file of its own; the former one is complete and durable."""
        self._open_file(self._folder / f"{self._state.sequence + 1:020}.log")
        os.ftruncate(self._handle, 0)  # left by a crash before its first record
        header = encode_header(self._state)
        self._size = 0
        self._write(header)
        sync_folder(self._folder)

    def _append(self, events: Sequence[AuditEvent]) -> None:
        if not 0 < self._size < _FILE_SIZE:
            self._begin_file()
        state, data = self._state, bytearray()
        now = max(0, int(self._clock.now() * 1000))
        for event in events:
            record = event.encode(state.sequence + 1, now)
            state = state.after(record)
            data += frame(record) + state.hash
        self._write(bytes(data))
        self._state = state

    def _write(self, data: bytes) -> None:
        """Append ``data`` durably, or not at all.

        Raises:
            OSError, AuditLogError: Nothing of it is in the file.
        """
        if self._failure:
            raise AuditLogError(self._failure)
        try:
            _write_all(self._handle, data)
        except OSError:
            self._fail_unless(os.ftruncate, self._handle, self._size)
            raise
        self._fail_unless(sync_file, self._handle)
        self._size += len(data)

    def _fail_unless(self, work: Callable[..., None], *values: int) -> None:
        try:
            work(*values)
        except OSError as error:
            self._failure = f"the audit log is in doubt since a failed write: {error.strerror}"
            raise

    def _append_checkpoint(self) -> None:
        if self._state.sequence == self._signed or self._failure:
            return
        now = max(0, int(self._clock.now() * 1000))
        sealed = frame(Checkpoint(state=self._state, time_ms=now).seal(self._key))
        path = self._folder / CHECKPOINTS
        handle = os.open(path, _FLAGS, 0o600)
        try:
            size = os.fstat(handle).st_size
            try:
                _write_all(handle, sealed)
                sync_file(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if not self._signed:
            sync_folder(self._folder)
        self._signed = self._state.sequence

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
