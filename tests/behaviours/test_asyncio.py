"""The asyncio face over the same object: its results, its errors, and what a cancellation leaves."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vodseal import (
    CredentialReason,
    CredentialRequest,
    DownloaderConfig,
    ErrorCode,
    State,
    VidSts,
)
from vodseal.aio import AsyncMediaDownloader, StoppedError
from vodseal.errors import DownloadError, IllegalTransitionError, MisuseError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    from vodseal import VidAuth
    from vodseal.testing.http_server import Answer, Received

    Video = Callable[..., str]

PATIENCE = 240.0


def run(work: Coroutine[object, object, None]) -> None:
    """Run on a loop of its own, and leave no thread of a run behind."""
    asyncio.run(asyncio.wait_for(work, PATIENCE))
    assert not run_threads()


def is_there(path: str | Path) -> bool:
    return Path(path).is_file()


def run_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("vodseal-run")]


def face_of(phone: Phone, source: VidSts | VidAuth | None = None, wire: Wire | None = None):
    """Return a face that lacks nothing but its start."""
    face = AsyncMediaDownloader(clock=phone.house.clock)
    phone.downloaders.append(face.downloader)
    face.set_save_dir(phone.save_dir)
    if wire is not None:
        face.set_downloader_config(DownloaderConfig(http_proxy=wire.server.url))
    face.select_item(0)
    if source is not None:
        face.update_source(source)
    return face


async def reached(condition: Callable[[], bool]) -> None:
    """Wait until another thread has brought ``condition`` about."""
    while not condition():  # noqa: ASYNC110 - threads know nothing of an asyncio.Event
        await asyncio.sleep(0.002)


def test_ten_lines_from_a_source_to_a_file(phone: Phone, house: House, video: Video) -> None:
    async def work() -> None:
        async with face_of(phone) as face:
            media = await face.prepare(house.sts(video("short")))
            face.select_item(media.tracks[0].index)
            seen = [progress async for progress in face.download()]
            path = Path(face.get_file_path())
            assert face.downloader.state is State.COMPLETED
        assert is_there(path)
        assert path.suffix == ".vseal"
        assert (seen[-1].downloading, seen[-1].processing) == (100, 100)
        percents = [(one.downloading, one.processing) for one in seen]
        assert percents == sorted(percents)
        assert face.progress == seen[-1]
        assert face.downloader.state is State.RELEASED

    run(work())


def test_start_gives_the_path_and_listeners_hear_as_ever(
    phone: Phone, house: House, video: Video
) -> None:
    heard: list[str] = []

    async def work() -> None:
        async with face_of(phone, house.sts(video("short"))) as face:
            face.downloader.set_on_completion_listener(lambda: heard.append("completed"))
            path = await face.start()
            assert heard == ["completed"]
            assert path == face.get_file_path() == await face.start()

    run(work())


def test_faces_run_side_by_side(phone: Phone, house: House, video: Video) -> None:
    async def work() -> None:
        faces = [face_of(phone, house.sts(video("sharp"))) for _ in range(2)]
        faces[1].select_item(1)
        async with faces[0], faces[1]:
            paths = await asyncio.gather(*(face.start() for face in faces))
        assert len(set(paths)) == 2
        assert all(is_there(path) for path in paths)

    run(work())


class Held:
    """Keeps an action waiting until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._go = threading.Event()

    def __call__(self, request: Received) -> Answer:
        from tests.behaviours.wire import forward

        self.asked.set()
        assert self._go.wait(PATIENCE)
        return forward(request)

    def let_go(self) -> None:
        self._go.set()


@pytest.mark.behaviour("B26", "B30")
@pytest.mark.parametrize("moment", ["preparing", "licensing", "downloading", "processing"])
def test_a_cancelled_task_has_stopped_its_run(
    phone: Phone, house: House, video: Video, wire: Wire, moment: str
) -> None:
    action = {"preparing": "GetPlayInfo", "licensing": "AcquireDownloadLicense"}.get(moment)
    held = Held()
    heard: list[object] = []

    async def work() -> None:
        face = face_of(phone, house.sts(video("long")), wire)
        for listen in (
            face.downloader.set_on_prepared_listener,
            face.downloader.set_on_error_listener,
        ):
            listen(heard.append)
        face.downloader.set_on_progress_listener(heard.append, heard.append)
        face.downloader.set_on_completion_listener(lambda: heard.append("completed"))
        if action:
            wire.on_action[action] = held
        elif moment == "downloading":
            wire.hold_after(3)
        source = house.sts(video("long"))
        call = face.prepare(source) if moment == "preparing" else face.start()
        task = asyncio.create_task(call)
        states = {"preparing": held.asked.is_set, "licensing": held.asked.is_set}
        states["downloading"] = lambda: len(wire.passed) == 3 and face.progress.downloading > 0
        states["processing"] = lambda: face.downloader.state is State.PROCESSING
        await reached(states[moment])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        told = list(heard)
        assert face.downloader.state is State.STOPPED
        assert not run_threads()
        assert "completed" not in heard
        held.let_go()
        wire.on_action.clear()
        wire.release()
        kept = set(wire.passed) if moment == "processing" else set()
        wire.forget()
        assert heard == told
        assert is_there(await face.start())
        assert not kept & set(wire.passed)
        await face.release()

    run(work())


async def times_out(face: AsyncMediaDownloader) -> None:
    async with asyncio.timeout(None) as limit:
        async for progress in face.download():
            if progress.downloading:
                limit.reschedule(asyncio.get_running_loop().time())


@pytest.mark.behaviour("B21", "B26")
def test_what_was_fetched_before_a_timeout_is_kept(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    async def work() -> None:
        wire.hold_after(4)
        async with face_of(phone, house.sts(video("long")), wire) as face:
            with pytest.raises(TimeoutError):
                await times_out(face)
            await face.stop()
            staged = phone.staged()
            assert staged
            first = wire.passed[: len(staged)]
            wire.release()
            wire.forget()
            await face.start()
            assert not set(first) & set(wire.passed)

    run(work())


def test_a_second_cancellation_waits_for_the_stop(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    inside, leave = threading.Event(), threading.Event()

    def listen(_: int) -> None:
        inside.set()
        assert leave.wait(PATIENCE)

    async def work() -> None:
        wire.hold_after(3)
        face = face_of(phone, house.sts(video("long")), wire)
        face.downloader.set_on_progress_listener(listen)
        task = asyncio.create_task(face.start())
        await reached(inside.is_set)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        leave.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not run_threads()
        await face.release()

    run(work())


@pytest.mark.parametrize("method", ["stop", "release"])
@pytest.mark.parametrize("way", ["face", "object", "thread"])
@pytest.mark.parametrize("call", ["prepare", "start", "download"])
def test_who_waits_is_told_that_another_stopped_it(
    phone: Phone, house: House, video: Video, wire: Wire, call: str, *, way: str, method: str
) -> None:
    held = Held()
    wire.on_action["GetPlayInfo"] = held

    async def work() -> None:
        source = house.sts(video("short"))
        face = face_of(phone, source, wire)

        async def wait() -> None:
            if call == "prepare":
                await face.prepare(source)
            elif call == "start":
                await face.start()
            else:
                async for _ in face.download():
                    raise AssertionError

        task = asyncio.create_task(wait())
        await reached(held.asked.is_set)
        if way == "face":
            await getattr(face, method)()
        elif way == "object":
            getattr(face.downloader, method)()
        else:
            await asyncio.to_thread(getattr(face.downloader, method))
        with pytest.raises(StoppedError) as stopped:
            await task
        assert stopped.value.code is ErrorCode.INTERRUPTED
        assert stopped.value.remedy
        assert face.downloader.last_error is None
        held.let_go()
        await face.release()

    run(work())


def test_errors_are_typed_and_hold_no_frames_of_the_run(
    phone: Phone, house: House, video: Video
) -> None:
    async def work() -> None:
        async with face_of(phone) as face:
            with pytest.raises(DownloadError) as none_given:
                await face.start()
            assert none_given.value.code is ErrorCode.STS_SOURCE_NULL
            with pytest.raises(RequestError) as refused:
                await face.prepare(house.sts("0" * 32))
            assert refused.value.server_code == "InvalidVideo.NotFound"
            face.update_source(house.sts(video("short")))
            face.select_item(99)
            with pytest.raises(DownloadError) as wrong:
                async for _ in face.download():
                    pass
            assert wrong.value.code is ErrorCode.INVALID_ITEM
            assert face.downloader.last_error is not None
            assert face.downloader.last_error.code is ErrorCode.INVALID_ITEM
        for error in (none_given.value, refused.value, wrong.value):
            assert error.__cause__ is None
            assert error.__context__ is None
            trace, files = error.__traceback__, set()
            while trace is not None:
                files.add(Path(trace.tb_frame.f_code.co_filename).parent.name)
                trace = trace.tb_next
            assert files == {"behaviours", "aio"}

    run(work())


def test_a_second_call_is_refused_and_the_first_goes_on(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    async def work() -> None:
        wire.hold_after(1)
        source = house.sts(video("long"))
        async with face_of(phone, source, wire) as face:
            task = asyncio.create_task(face.start())
            await reached(lambda: bool(wire.passed))
            with pytest.raises(IllegalTransitionError):
                await face.start()
            with pytest.raises(IllegalTransitionError):
                await face.prepare(source)
            with pytest.raises(MisuseError):
                await face.prepare("a vid")  # type: ignore[arg-type]
            wire.release()
            assert is_there(await task)

    run(work())


@pytest.mark.parametrize("closing", [True, False])
def test_leaving_the_loop_early_stops_the_run(
    phone: Phone, house: House, video: Video, wire: Wire, *, closing: bool
) -> None:
    async def work() -> None:
        wire.hold_after(3)
        async with face_of(phone, house.sts(video("long")), wire) as face:
            if closing:
                async with aclosing(face.download()) as progresses:
                    async for _ in progresses:
                        break
            else:
                async for _ in face.download():
                    break
                await face.stop()
            assert face.downloader.state is State.STOPPED
            assert not run_threads()
            wire.release()
            assert is_there(await face.start())

    run(work())


def test_the_loop_goes_on_while_a_stop_waits(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    inside, beats = threading.Event(), threading.Semaphore(0)

    def listen(_: int) -> None:
        inside.set()
        for _beat in range(5):
            assert beats.acquire(timeout=PATIENCE)

    async def beat() -> None:
        while True:
            beats.release()
            await asyncio.sleep(0.001)

    async def work() -> None:
        wire.hold_after(3)
        async with face_of(phone, house.sts(video("long")), wire) as face:
            face.downloader.set_on_progress_listener(listen)
            task = asyncio.create_task(face.start())
            await reached(inside.is_set)
            heart = asyncio.create_task(beat())
            await face.stop()
            heart.cancel()
            with pytest.raises(StoppedError):
                await task

    run(work())


def test_one_object_on_one_loop_after_another(phone: Phone, house: House, video: Video) -> None:
    source = house.sts(video("short"))
    face = face_of(phone)
    media = asyncio.run(face.prepare(source))
    assert media.tracks
    assert Path(asyncio.run(face.start())).is_file()
    asyncio.run(face.release())


def test_two_loops_at_once(phone: Phone, house: House, video: Video) -> None:
    paths: list[str] = []

    def main(index: int) -> None:
        face = face_of(phone, house.sts(video("sharp")))
        face.select_item(index)
        paths.append(asyncio.run(face.start()))

    threads = [threading.Thread(target=main, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(paths)) == 2


@pytest.mark.behaviour("B22")
def test_deleting_waits_for_the_stop(phone: Phone, house: House, video: Video, wire: Wire) -> None:
    async def work() -> None:
        wire.hold_after(3)
        async with face_of(phone, house.sts(video("long")), wire) as face:
            task = asyncio.create_task(face.start())
            await reached(lambda: len(wire.passed) == 3)
            assert await face.delete_file() == 0
            with pytest.raises(StoppedError):
                await task
            assert not list(phone.save_dir.glob("*_*"))

    run(work())


@pytest.mark.behaviour("B52")
def test_a_run_outlives_a_loop_that_ends_under_it(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    face = face_of(phone, house.sts(video("short")), wire)
    wire.hold_after(0)
    loop = asyncio.new_event_loop()
    task = loop.create_task(face.start())
    loop.run_until_complete(asyncio.sleep(0))
    assert not task.done()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    wire.release()
    assert face.downloader.wait(PATIENCE)
    assert face.downloader.state is State.COMPLETED
    task.get_coro().close()


@pytest.mark.behaviour("B51")
def test_a_coroutine_gives_the_credential(phone: Phone, house: House, video: Video) -> None:
    asked: list[CredentialRequest] = []

    async def work() -> None:
        vid = video("short")

        async def provide(request: CredentialRequest) -> VidSts:
            asked.append(request)
            return await asyncio.to_thread(house.sts, request.vid)

        async with face_of(phone, VidSts(vid=vid, endpoint=house.endpoint)) as face:
            face.set_credential_provider(provide)
            assert is_there(await face.start())
        assert [one.vid for one in asked] == [vid]

    run(work())


@pytest.mark.behaviour("B26")
def test_a_coroutine_that_is_asked_is_cancelled_with_the_run(
    phone: Phone, house: House, video: Video
) -> None:
    async def work() -> None:
        asked, cancelled = asyncio.Event(), asyncio.Event()

        async def hang(_: CredentialRequest) -> None:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with face_of(phone, house.sts(video("short"))) as face:
            face.set_credential_provider(hang)
            task = asyncio.create_task(face.start())
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await cancelled.wait()
            face.set_credential_provider(None)
            assert is_there(await face.start())

    run(work())
    assert not [one for one in threading.enumerate() if one.name == "vodseal-provider"]


def test_a_coroutine_that_fails_is_as_none(phone: Phone, house: House, video: Video) -> None:
    async def work() -> None:
        async def fail(_: CredentialRequest) -> VidSts:
            raise ValueError("mine")

        async with face_of(phone, house.sts(video("short"))) as face:
            face.set_credential_provider(fail)
            assert is_there(await face.start())

    run(work())


def test_an_async_provider_is_set_on_a_loop(phone: Phone) -> None:
    async def none(_: CredentialRequest) -> None:
        return None

    face = face_of(phone)
    with pytest.raises(MisuseError):
        face.set_credential_provider(none)

    async def set_it() -> None:
        face.set_credential_provider(none)

    asyncio.run(set_it())
    provider = face._provider
    assert provider is not None
    provider.open()  # as a run does; its loop is closed by now
    request = CredentialRequest(vid="0" * 32, reason=CredentialReason.REFUSED)
    assert provider(request) is None
