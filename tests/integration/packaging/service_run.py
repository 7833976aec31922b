"""A service without a socket: uploads, rows, a runner; and workers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from vodseal.clock import SystemClock
from vodseal.service.database.models import Stream, TranscodeJob, TranscodeTask, Video
from vodseal.service.jobs.in_process import InProcessRunner
from vodseal.service.opening import open_service
from vodseal.service.settings import Settings
from vodseal.service.upload_complete import complete_upload, new_body
from vodseal.service.upload_request import UploadTarget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from vodseal.service.runtime import Service

VIDEO = "f" * 32

# What a worker does instead of packaging. Each has read its spec.
SAYS_PLAN = (
    "import json,sys,os,time,signal,pathlib\n"
    "spec=json.loads(sys.stdin.buffer.readline())\n"
    "job=spec['slots'][0]['job_id']\n"
    "folder=pathlib.Path(spec['folder'],job); folder.mkdir(parents=True)\n"
    "(folder/'000000.ts').write_bytes(b'half made')\n"
    "(folder/'pid').write_text(str(os.getpid()))\n"
    "def say(**event): print(json.dumps(event),flush=True)\n"
    "say(type='planned',media_type='video',duration=9.0,notes=[],"
    "streams=[{'job_id':job,'definition':'FD','format':'m3u8'}])\n"
    "say(type='progress',share=0.5)\n"
)
CRASHES = SAYS_PLAN + "os.kill(os.getpid(),signal.SIGSEGV)\n"
HANGS = SAYS_PLAN + "while True: time.sleep(60)\n"
WAITS = SAYS_PLAN + "sys.stdin.buffer.read()\n"
LIES = SAYS_PLAN + "print('<html>',flush=True)\n"
EXITS = SAYS_PLAN + "sys.exit(7)\n"
DIES_AT_ONCE = "import sys; sys.exit(9)"


def command(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


@dataclass
class Run:
    """A service with its runner."""

    service: Service

    async def upload(self, film: Path, group: str, video: str = VIDEO) -> None:
        context = self.service.context
        now = context.clock.now()
        async with context.sessions.begin() as session:
            session.add(
                Video(
                    id=video,
                    title="A film",
                    file_name=film.name,
                    template_group_id=group,
                    status="Uploading",
                    created_at=now,
                    modified_at=now,
                    object_key=f"sv/{video}.mp4",
                )
            )
        target = UploadTarget(video_id=video, object_key=f"sv/{video}.mp4", template_group_id=group)
        body = await new_body(self.service, target)
        body.file.write(film.read_bytes())  # noqa: ASYNC240 - a small film
        await complete_upload(self.service, target, body, etag="e", content_type="video/mp4")

    async def video(self, video: str = VIDEO) -> Video | None:
        async with self.service.context.reads.begin() as session:
            return await session.get(Video, video)

    async def task(self, video: str = VIDEO) -> TranscodeTask:
        async with self.service.context.reads.begin() as session:
            query = select(TranscodeTask).where(TranscodeTask.video_id == video)
            return (await session.scalars(query)).one()

    async def jobs(self) -> list[TranscodeJob]:
        async with self.service.context.reads.begin() as session:
            query = select(TranscodeJob).order_by(TranscodeJob.position)
            return list(await session.scalars(query))

    async def streams(self) -> list[Stream]:
        async with self.service.context.reads.begin() as session:
            return list(await session.scalars(select(Stream).order_by(Stream.position)))

    async def until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while not await reached():  # noqa: ASYNC110 - the state is rows, which tell nobody
                await asyncio.sleep(0.01)

    async def until_status(self, *wanted: str, video: str = VIDEO) -> str:
        async def reached() -> bool:
            return (await self.video(video)).status in wanted

        await self.until(reached)
        return (await self.video(video)).status

    @property
    def media(self) -> Path:
        return self.service.context.settings.data / "blobs" / "media" / VIDEO


@contextlib.asynccontextmanager
async def running(
    tmp_path: Path, script: str | None = None, make_runner=InProcessRunner, **options
):
    settings = Settings(data=tmp_path / "data", home=tmp_path / "home")
    if script is not None:
        options["command"] = command(script)
    async with open_service(
        settings,
        lambda context: make_runner(context, **options),
        clock=SystemClock(),
        random=os.urandom,
    ) as opened:
        yield Run(opened.service)


async def half_way(run: Run) -> bool:
    jobs = await run.jobs()
    return bool(jobs) and jobs[0].progress == 50
