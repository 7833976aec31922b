"""Run transcode tasks inside the service, each in a worker process of its own.

Promises, in order of weight:

1. Rows name streams only when their bytes are durable; bytes that no row names
   are erased before a task begins again.
2. A task that ran when the service was killed starts again at the next start.
   One that brought the service down several times ends as failed.
3. A video that is deleted takes its task and its worker with it.
4. Whatever an original does to its worker, the runner goes on to the next task.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from vodseal.errors import TamperedError, VodsealError
from vodseal.service.audit.scope import AuditScope, audit_scope
from vodseal.service.catalog import media_prefix
from vodseal.service.jobs import task_rows
from vodseal.service.jobs.worker_process import WORKER_COMMAND, run_worker
from vodseal.service.kms import contexts
from vodseal.service.packaging.messages import (
    Failed,
    Finished,
    Planned,
    Progressed,
    StreamSlot,
    WorkerSpec,
)
from vodseal.service.packaging.templates import packaging_of
from vodseal.vault.private_files import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodseal.service.context import ServiceContext
    from vodseal.service.jobs.task_rows import ClaimedTask

__all__ = ["InProcessRunner"]

_MAX_ATTEMPTS: Final = 5
_PROGRESS_SECONDS: Final = 0.5
_KEY_SIZE: Final = 16
_RETRY_SECONDS: Final = 10
_log = logging.getLogger(__name__)


class InProcessRunner:
    """A ``runtime.Runner`` for one machine."""

    def __init__(
        self,
        context: ServiceContext,
        *,
        command: Sequence[str] = WORKER_COMMAND,
        stall_seconds: float = 180.0,
    ) -> None:
        """``stall_seconds`` without a word from a worker, and it is given up."""
        self._context = context
        self._command = command
        self._stall_seconds = stall_seconds
        self._spool = context.settings.data / "spool"
        self._loops: list[asyncio.Task[None]] = []
        self._news: list[asyncio.Event] = []
        self._running: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begin; tasks that were running when the service last ended begin again."""
        make_private_folder(self._spool)
        count = await task_rows.requeue_tasks(self._context)
        if count:
            _log.info("Interrupted transcode tasks begin again", extra={"count": count})
        for _ in range(max(1, self._context.settings.transcode_workers)):
            news = asyncio.Event()
            self._news.append(news)
            self._loops.append(asyncio.create_task(self._work(news)))

    async def stop(self) -> None:
        """Stop at once, workers killed; what was running begins again at the next start."""
        loops, self._loops = self._loops, []
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        self._news.clear()

    def notify(self) -> None:
        """Look for waiting tasks now."""
        for news in self._news:
            news.set()

    async def cancel(self, video_ids: Sequence[str]) -> None:
        """End the work on videos whose rows are gone; return when nothing writes for them."""
        tasks = [self._running[video] for video in video_ids if video in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, news: asyncio.Event) -> None:
        while True:
            news.clear()
            claimed: ClaimedTask | None = None
            try:
                claimed = await task_rows.claim_task(self._context)
                if claimed is not None:
                    await self._run_cancellable(claimed)
                    continue
            except Exception:  # noqa: BLE001 - promise 4; the next attempt is counted
                _log.exception("The runner could not work on its tasks and tries again")
                await self._recover(claimed, news)
                continue
            await news.wait()

    async def _recover(self, claimed: ClaimedTask | None, news: asyncio.Event) -> None:
        """Put a task back whose rows could not be written, and wait a while."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), _RETRY_SECONDS)
        if claimed is not None:
            with contextlib.suppress(SQLAlchemyError):  # then it waits for the next start
                await task_rows.requeue_tasks(self._context, claimed.id)

    async def _run_cancellable(self, claimed: ClaimedTask) -> None:
        """Run a task that ``cancel`` and ``stop`` can each end."""
        task = asyncio.create_task(self._run(claimed))
        self._running[claimed.video_id] = task
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del self._running[claimed.video_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    async def _run(self, claimed: ClaimedTask) -> None:
        await self._erase_leftovers(claimed)
        if claimed.attempts > _MAX_ATTEMPTS:
            reason = f"given up after {_MAX_ATTEMPTS} attempts that the service did not outlive"
            await self._fail(claimed, Failed(code="InternalError", reason=reason))
            return
        try:
            scope = AuditScope(via="transcode", is_grouped=True)
            async with audit_scope(self._context.audit, scope):
                spec = await self._spec(claimed)
            answer = await self._package(claimed, spec)
        except TamperedError:
            answer = Failed(code="InternalError", reason="the original's key does not open")
        except (OSError, VodsealError) as error:
            _log.exception("A transcode task could not be run")
            answer = Failed(code="InternalError", reason=f"packaging failed ({error})")
        if isinstance(answer, Finished):
            await self._finish(claimed, spec, answer)
        elif answer is not None:
            await self._fail(claimed, answer)

    async def _spec(self, claimed: ClaimedTask) -> WorkerSpec:
        context, packaging = self._context, packaging_of(claimed.group_id)
        slots = []
        for _ in range(packaging.most_streams):
            job_id = context.random(16).hex()
            key_context = contexts.stream(claimed.video_id, job_id, packaging.encryption)
            if packaging.encrypts:
                key = await context.kms.generate_data_key(key_context, _KEY_SIZE)
                slots.append(StreamSlot(job_id=job_id, key=key.plain, wrapped_key=key.blob))
            else:
                slots.append(StreamSlot(job_id=job_id))
        blob, content_key = claimed.source_key_blob, None
        if blob is not None:
            content_key = await context.kms.decrypt(blob, contexts.original(claimed.video_id))
        return WorkerSpec(
            video_id=claimed.video_id,
            group_id=claimed.group_id,
            source=self._path(claimed.source_key),
            content_key=content_key,
            folder=self._path(media_prefix(claimed.video_id)),
            spool="" if packaging.encrypts else str(self._spool),
            slots=tuple(slots),
        )

    def _path(self, key: str) -> str:
        path = self._context.blobs.local_path(key)
        if path is None:
            raise OSError("this runner needs blobs on its own machine")
        return str(path)

    async def _package(self, claimed: ClaimedTask, spec: WorkerSpec) -> Finished | Failed | None:
        """Return the worker's answer; None when the video was deleted meanwhile."""
        clock = self._context.clock
        next_at = 0.0
        events = run_worker(self._command, spec, self._stall_seconds)
        async with contextlib.aclosing(events):
            async for event in events:
                is_there = True
                if isinstance(event, Finished | Failed):
                    return event
                if isinstance(event, Planned):
                    is_there = await task_rows.record_plan(self._context, claimed, event)
                elif isinstance(event, Progressed) and clock.monotonic() >= next_at:
                    next_at = clock.monotonic() + _PROGRESS_SECONDS
                    percent = min(99, int(event.share * 100))
                    is_there = await task_rows.record_progress(self._context, claimed, percent)
                if not is_there:
                    break
        await self._erase_all(claimed)
        return None

    async def _finish(self, claimed: ClaimedTask, spec: WorkerSpec, answer: Finished) -> None:
        context = self._context
        for stream in answer.streams:
            prefix = f"{media_prefix(claimed.video_id)}/{stream.job_id}"
            await context.blobs.make_durable(prefix)
        wrapped = {slot.job_id: slot.wrapped_key for slot in spec.slots if slot.key is not None}
        if not await task_rows.record_streams(context, claimed, answer, wrapped):
            await self._erase_all(claimed)

    async def _fail(self, claimed: ClaimedTask, failed: Failed) -> None:
        extra = {"video_id": claimed.video_id, "reason": failed.reason}
        _log.warning("A video could not be transcoded", extra=extra)
        await self._erase_leftovers(claimed)
        await task_rows.record_failure(self._context, claimed, failed)

    async def _erase_leftovers(self, claimed: ClaimedTask) -> None:
        """Erase what an attempt stored that no row names."""
        prefix = media_prefix(claimed.video_id)
        known = await task_rows.stream_ids(self._context, claimed.video_id)
        for name in await self._context.blobs.list_names(prefix):
            if name not in known:
                await self._context.blobs.delete_prefix(f"{prefix}/{name}")

    async def _erase_all(self, claimed: ClaimedTask) -> None:
        """Erase what was stored after the video was deleted."""
        await self._context.blobs.delete_prefix(media_prefix(claimed.video_id))
