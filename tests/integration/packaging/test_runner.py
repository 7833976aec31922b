"""Tasks are rows: what runs them, what ends them, what survives a kill."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.integration.packaging.service_run import (
    CRASHES,
    DIES_AT_ONCE,
    EXITS,
    HANGS,
    LIES,
    SAYS_PLAN,
    VIDEO,
    Run,
    half_way,
    running,
)

from vodseal.credential.envelope import key_id
from vodseal.license.digests import open_digests
from vodseal.service.catalog import delete_videos
from vodseal.service.database.models import Stream, TranscodeTask, Video
from vodseal.service.jobs.in_process import InProcessRunner
from vodseal.service.kms import contexts


@pytest.mark.parametrize(
    ("group", "encryption"), [("encrypted", "HLSEncryption"), ("private", "VodsealEncryption")]
)
def test_an_upload_becomes_streams(films, tmp_path, group, encryption):
    async def main() -> None:
        async with running(tmp_path) as run:
            await run.upload(films.get("ladder"), group)
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            video, task, jobs = await run.video(), await run.task(), await run.jobs()
            assert video.duration == pytest.approx(2, abs=0.1)
            assert video.media_type == "video"
            assert (task.state, task.status, task.progress) == ("done", "CompleteAllSucc", 100)
            assert task.completed_at is not None
            assert {(j.status, j.progress) for j in jobs} == {("TranscodeSuccess", 100)}
            streams = await run.streams()
            assert [(s.position, s.definition, s.format) for s in streams] == [
                (0, "FD", "m3u8"),
                (1, "LD", "m3u8"),
                (2, "SD", "m3u8"),
            ]
            assert [s.id for s in streams] == [j.id for j in jobs]
            assert sorted(p.name for p in run.media.iterdir()) == sorted(s.id for s in streams)
            assert {s.encrypt_type for s in streams} == {encryption}
            await check_stream(run, streams[0])

    asyncio.run(main())


async def check_stream(run: Run, stream: Stream) -> None:
    context = run.service.context
    assert stream.stream_type == "video"
    assert (stream.width, stream.height, stream.fps) == (640, 360, 25.0)
    key = await context.kms.decrypt(
        stream.key_blob, contexts.stream(VIDEO, stream.id, stream.encrypt_type)
    )
    assert len(key) == 16
    text = (await context.blobs.read(stream.entry_key)).decode()
    is_private = stream.encrypt_type == "VodsealEncryption"
    assert (f"vodseal-license:{stream.id}" in text) == is_private
    assert (f"MediaId={VIDEO}" in text) != is_private
    sizes = [p.stat().st_size for p in (run.media / stream.id).glob("*.ts")]
    assert sum(sizes) == stream.size
    public = context.keys.digests.public_key()
    digests = open_digests(
        stream.digest_manifest,
        stream.digests,
        {key_id(public): public},
        vid=VIDEO,
        job_id=stream.id,
    )
    assert digests.count == len(sizes)
    digests.check(0, (run.media / stream.id / "000000.ts").read_bytes())


def test_a_clear_film_has_files_and_ranges(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path) as run:
            await run.upload(films.get("plain"), "clear")
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            mp4, hls = await run.streams()
            assert (mp4.format, mp4.entry_key) == ("mp4", f"media/{VIDEO}/{mp4.id}/video.mp4")
            assert (hls.format, hls.encrypt_type, hls.key_blob) == ("m3u8", None, None)
            assert len(mp4.digests) == 32
            spool = run.service.context.settings.data / "spool"
            assert list(spool.iterdir()) == []

    asyncio.run(main())


def test_sound_alone_makes_an_audio(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path) as run:
            await run.upload(films.get("mp3"), "encrypted")
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            (stream,) = await run.streams()
            assert ((await run.video()).media_type, stream.stream_type) == ("audio", "audio")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        (CRASHES, "InvalidVideo.Damaged", "a decoder crashed on this file (SIGSEGV)"),
        (HANGS, "InvalidVideo.Damaged", "a decoder hung on this file: nothing happened for 0.5 s"),
        (LIES, "InternalError", "the packaging process answered nonsense"),
        (EXITS, "InternalError", "the packaging process ended with code 7"),
        (DIES_AT_ONCE, "InternalError", "the packaging process ended with code 9"),
    ],
    ids=["crashes", "hangs", "lies", "exits", "dies"],
)
def test_whatever_a_worker_does_the_task_ends_and_leaves_nothing(
    script, code, reason, films, tmp_path
):
    async def main() -> None:
        async with running(tmp_path, script, stall_seconds=0.5) as run:
            await run.upload(films.get("plain"), "encrypted")
            assert await run.until_status("TranscodeFail", "Normal") == "TranscodeFail"
            task = await run.task()
            assert (task.state, task.status) == ("done", "CompleteAllFail")
            assert (task.error_code, task.error_message) == (code, reason)
            assert all(j.status == "TranscodeFail" for j in await run.jobs())
            assert all(j.error_message == reason for j in await run.jobs())
            assert await run.streams() == []
            assert not run.media.exists() or list(run.media.iterdir()) == []

    asyncio.run(main())


def test_a_broken_film_fails_and_the_next_one_is_made(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path) as run:
            await run.upload(films.get("cut-in-moov"), "encrypted")
            await run.upload(films.get("plain"), "encrypted", video="e" * 32)
            assert await run.until_status("TranscodeFail", "Normal") == "TranscodeFail"
            reason = (await run.task()).error_message
            assert reason == "the file was cut short in the middle of its index"
            assert await run.until_status("TranscodeFail", "Normal", video="e" * 32) == "Normal"

    asyncio.run(main())


def test_notes_are_kept_with_the_task(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path) as run:
            await run.upload(films.get("subtitles"), "encrypted")
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            task = await run.task()
            assert task.error_code == ""
            assert "subtitles" in task.error_message

    asyncio.run(main())


class WatchedBlobs:
    """The store, and how many streams there were whenever it made blobs durable."""

    def __init__(self, context) -> None:
        self._context = context
        self.seen: dict[str, int] = {}

    def __getattr__(self, name: str):
        return getattr(self._context.blobs, name)

    async def make_durable(self, prefix: str) -> None:
        async with self._context.reads.begin() as session:
            self.seen[prefix] = len(list(await session.scalars(select(Stream))))
        await self._context.blobs.make_durable(prefix)


def test_rows_come_after_durable_bytes(films, tmp_path):
    watched: list[WatchedBlobs] = []

    def make_runner(context, **options):
        watched.append(WatchedBlobs(context))
        return InProcessRunner(dataclasses.replace(context, blobs=watched[0]), **options)

    async def main() -> None:
        async with running(tmp_path, make_runner=make_runner) as run:
            await run.upload(films.get("plain"), "clear")
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            prefixes = {f"media/{VIDEO}/{stream.id}": 0 for stream in await run.streams()}
            assert len(prefixes) == 2
            assert watched[0].seen == prefixes

    asyncio.run(main())


def test_a_stopped_task_begins_again(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path, HANGS) as run:
            await run.upload(films.get("plain"), "encrypted")
            await run.until(lambda: half_way(run))
            (left,) = await run.jobs()
            assert (await run.video()).status == "Transcoding"
        assert (run.media / left.id).exists()
        async with running(tmp_path) as run:
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            assert (await run.task()).attempts == 2
            assert left.id not in {p.name for p in run.media.iterdir()}
            assert len(await run.streams()) == 1

    asyncio.run(main())


def test_a_task_that_never_ends_well_is_given_up(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path, HANGS) as run:
            await run.upload(films.get("plain"), "encrypted")
            await run.until(lambda: half_way(run))
            async with run.service.context.sessions.begin() as session:
                task = (await session.scalars(select(TranscodeTask))).one()
                task.attempts = 5
        async with running(tmp_path) as run:
            assert await run.until_status("Normal", "TranscodeFail") == "TranscodeFail"
            assert "given up after 5 attempts" in (await run.task()).error_message

    asyncio.run(main())


def test_a_deleted_video_takes_its_work_with_it(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path, HANGS) as run:
            await run.upload(films.get("plain"), "encrypted")
            await run.until(lambda: half_way(run))
            assert await delete_videos(run.service, [VIDEO]) == [VIDEO]
            assert await run.video() is None
            assert not run.media.exists()
            await run.upload(films.get("text"), "encrypted", video="e" * 32)
            await run.until_status("Transcoding", video="e" * 32)

    asyncio.run(main())


def test_a_video_whose_row_vanishes_is_noticed(films, tmp_path):
    """Another node may have deleted it: the next sign of life finds no task."""

    async def main() -> None:
        talks = SAYS_PLAN + "while True: say(type='progress',share=0.6); time.sleep(0.01)\n"
        async with running(tmp_path, talks) as run:
            await run.upload(films.get("plain"), "encrypted")
            await run.until(lambda: half_way(run))
            async with run.service.context.sessions.begin() as session:
                await session.delete(await session.get(Video, VIDEO))

            async def erased() -> bool:
                return not run.media.exists()

            await run.until(erased)

    asyncio.run(main())


HOST = """
import asyncio, pathlib, sys
sys.path.insert(0, {root!r})
from tests.integration.packaging.service_run import WAITS, half_way, running
async def main():
    async with running(pathlib.Path({folder!r}), WAITS) as run:
        await run.upload(pathlib.Path({film!r}), "encrypted")
        await run.until(lambda: half_way(run))
        print("half way", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kills, and looks into /proc")
def test_a_task_of_a_killed_service_begins_again(films, tmp_path):
    film = str(films.get("plain"))
    script = HOST.format(root=str(Path(__file__).parents[3]), folder=str(tmp_path), film=film)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as host:
        assert host.stdout.readline() == b"half way\n"
        (pid_file,) = (tmp_path / "data/blobs/media" / VIDEO).glob("*/pid")
        worker = Path(f"/proc/{pid_file.read_text()}")
        assert worker.exists()
        os.kill(host.pid, signal.SIGKILL)
        assert host.wait(10) == -signal.SIGKILL

    async def main() -> None:
        async with running(tmp_path) as run:
            assert await run.until_status("Normal", "TranscodeFail") == "Normal"
            assert (await run.task()).attempts == 2
            assert len(list(run.media.iterdir())) == len(await run.streams()) == 1

            async def worker_is_gone() -> bool:
                return not worker.exists()  # noqa: ASYNC240 - no disk behind it

            await run.until(worker_is_gone)

    asyncio.run(main())


def test_a_film_that_is_made_again_hides_its_former_streams(films, tmp_path):
    async def main() -> None:
        async with running(tmp_path) as run:
            await run.upload(films.get("plain"), "encrypted")
            await run.until_status("Normal")
            context = run.service.context
            async with context.sessions.begin() as session:
                session.add(
                    TranscodeTask(
                        id="d" * 32,
                        video_id=VIDEO,
                        template_group_id="encrypted",
                        trigger="Manual",
                        created_at=context.clock.now(),
                    )
                )
            run.service.runner.notify()

            async def made_twice() -> bool:
                return len(await run.streams()) == 2

            await run.until(made_twice)
            first, second = await run.streams()
            assert (first.status, second.status) == ("Invisible", "Normal")
            assert (first.position, second.position) == (0, 1)
            assert len(list(run.media.iterdir())) == 2

    asyncio.run(main())
