"""Whole downloads, from a bad server to a file that plays."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.download.download_world import CK, DownloadWorld
from tests.integration.download.hls_film import HlsFilm, packets_of
from tests.integration.download.media_server import FAULTS, MediaServer
from tests.integration.download.test_remux import remux

from vodseal.container.inspect import describe
from vodseal.container.source import MemorySource
from vodseal.download import (
    DownloadTask,
    FetcherConfig,
    HttpFetcher,
    JobState,
    JobStore,
    delete_download,
    final_path,
    pace,
)
from vodseal.download.files import JOBS_FOLDER, job_folder
from vodseal.download.plan import RANGE_SIZE
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.testing.http_server import Answer, LoopbackServer, Received
from vodseal.testing.leakscan import LeakScanner

Films = Callable[[str], Path]
Hls = Callable[..., HlsFilm]
BYTES = b"ID3" + bytes(range(251)) * 40_000
"""10 MB: three ranges."""


@pytest.fixture
def film(hls: Hls) -> HlsFilm:
    return hls("b-frames")


def media_requests(world: DownloadWorld) -> dict[str, int]:
    return {path: count for path, count in world.server.requests.items() if count}


@pytest.mark.behaviour("B29", "B31")
def test_a_secure_download_ends_in_a_sealed_film(world: DownloadWorld, film: HlsFilm) -> None:
    result = world.finish(world.hls_job(film))
    assert result.path == final_path(world.identity(), secure=True)
    assert result.size == Path(result.path).stat().st_size
    assert result.received_bytes == sum(map(len, film.served.values()))
    assert result.unchecked == ()
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))
    assert set(media_requests(world).values()) == {1}
    told = [percent for *_, percent in world.downloaded]
    assert told == sorted(told)
    assert (told[-1], world.processed[0], world.processed[-1]) == (100, 0, 100)
    assert world.processed == sorted(set(world.processed))
    assert world.order == sorted(world.order)  # "download" before "processing"
    assert world.downloaded[-1][:2] == (result.received_bytes, result.received_bytes)


def test_the_interpreter_switches_quickly_while_a_download_runs(
    world: DownloadWorld, film: HlsFilm
) -> None:
    before: float = sys.getswitchinterval()
    during: list[float] = []

    def look() -> bool:
        during.append(sys.getswitchinterval())
        return False

    world.stop = look
    world.finish(world.hls_job(film))
    assert max(during) < before == sys.getswitchinterval()


def test_a_finished_download_leaves_its_file_and_its_journal(
    world: DownloadWorld, film: HlsFilm
) -> None:
    job = world.hls_job(film)
    world.finish(job)
    assert sorted(path.name for path in world.save_dir.iterdir()) == [
        JOBS_FOLDER,
        "vid1_m3u8_0.vseal",
    ]
    assert sorted(path.name for path in job_folder(world.identity()).iterdir()) == [
        "job.db",
        "lock",
    ]
    entry = JobStore.find(str(world.save_dir), "vid1", 0)
    assert entry is not None
    assert (entry.state, entry.download_id) == (JobState.COMPLETED, job.download_id)
    assert JobStore(world.identity()).load_job(CK) is None


@pytest.mark.behaviour("B16")
def test_a_clear_stream_is_sealed_too(world: DownloadWorld, hls: Hls) -> None:
    result = world.finish(world.hls_job(hls("b-frames", encrypted=False)))
    assert LeakScanner().scan(world.save_dir) == []
    sealed = describe(MemorySource(Path(result.path).read_bytes()))
    assert (
        sealed.header.download_id
        == JobStore(world.identity()).create(secure=True, random=bytes).download_id
    )


def test_a_download_that_takes_the_whole_machine_is_processed_after_it(
    world: DownloadWorld, hls: Hls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The film is made when the last piece is staged, however busy the processors were."""
    monkeypatch.setattr(pace, "_BUSY", -1.0)
    monkeypatch.setattr(pace, "_WINDOW", 0.0)
    film = hls("b-frames")
    result = world.finish(world.hls_job(film))
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize("encrypted", [True, False])
def test_normal_mode_saves_a_plain_film(world: DownloadWorld, hls: Hls, *, encrypted: bool) -> None:
    world.secure = False
    film = hls("b-frames", encrypted=encrypted)
    result = world.finish(world.hls_job(film))
    assert result.path.endswith("vid1_m3u8_0.mp4")
    assert Path(result.path).read_bytes() == remux(film.clear)


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("kind", ["mp4", "mp3"])
def test_one_file_is_kept_byte_for_byte(
    world: DownloadWorld, films: Films, kind: str, *, secure: bool
) -> None:
    world.secure = secure
    data = films("mp3" if kind == "mp3" else "b-frames").read_bytes() + bytes(RANGE_SIZE + 7)
    result = world.finish(world.file_job(data, kind), kind)
    assert Path(result.path).suffix == (".vseal" if secure else f".{kind}")
    kept = world.open_sealed(result) if secure else Path(result.path).read_bytes()
    assert kept == data


def test_fragments_become_one_film(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames", kind="fmp4")
    result = world.finish(world.hls_job(film))
    expected = remux([world_init(hls), *film.clear])
    assert packets_of(world.open_sealed(result)) == packets_of(expected)


def world_init(hls: Hls) -> bytes:
    return hls("b-frames", encrypted=False, kind="fmp4").served["init.mp4"]


REPAIRED = sorted(name for name in FAULTS if not name.startswith("redirect"))
"""Faults that an honest server may have once."""


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("faults", [REPAIRED[at : at + 4] for at in range(0, len(REPAIRED), 4)])
def test_faults_are_repaired_and_nothing_else_is_asked_again(
    world: DownloadWorld, film: HlsFilm, faults: list[str], *, signed: bool
) -> None:
    """Without digests a flipped bit may pass: see test_check, and the note in the result."""
    world.signed = signed
    job = world.hls_job(film)
    told = [fault for fault in faults if signed or fault != "flipped bit"]
    victims = {job.segments[1 + number].path: fault for number, fault in enumerate(told)}
    for victim, fault in victims.items():
        world.server.fail(victim, fault)
    result = world.finish(job)
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))
    again = {path for path, count in media_requests(world).items() if count > 1}
    assert again == set(victims)
    assert bool(result.unchecked) is not signed


@pytest.mark.parametrize("fault", ["redirect loop", "redirect to a file"])
def test_a_redirect_to_nowhere_is_named(world: DownloadWorld, film: HlsFilm, fault: str) -> None:
    job = world.hls_job(film)
    world.server.fail(job.segments[2].path, fault, times=20)
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH


@pytest.mark.behaviour("B37", "B38")
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("404", ErrorCode.URL_CANNOT_REACH),
        ("403", ErrorCode.URL_CANNOT_REACH),
        ("503", ErrorCode.NET_ERROR),
        ("reset", ErrorCode.NET_ERROR),
        ("cut body", ErrorCode.NET_ERROR),
        ("flipped bit", ErrorCode.URL_CANNOT_REACH),
        ("html", ErrorCode.URL_CANNOT_REACH),
    ],
)
def test_a_fault_that_stays_has_its_number_and_costs_no_staged_piece(
    world: DownloadWorld, film: HlsFilm, fault: str, code: ErrorCode
) -> None:
    job = world.hls_job(film)
    world.server.fail(job.segments[3].path, fault, times=20)
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is code
    assert "auth_key" not in str(caught.value)
    staged = len(world.staged())
    assert not Path(final_path(world.identity(), secure=True)).exists()
    assert staged >= 3
    world.server.requests.clear()
    world.server._scripts.clear()
    world.finish(job)
    assert sum(media_requests(world).values()) == len(job.segments) - staged


@pytest.mark.behaviour("B37")
def test_a_stalled_server_is_given_up_and_asked_again(world: DownloadWorld, film: HlsFilm) -> None:
    job = world.hls_job(film)
    world.config = replace(world.config, read_timeout=1.0)
    victim = job.segments[1].path
    gate = world.server.hold(victim)
    world.stop = lambda: world.server.requests[victim] > 1 and bool(gate.set())
    world.finish(job)
    assert media_requests(world)[victim] == 2


@pytest.mark.behaviour("B37")
def test_nobody_at_the_address_is_a_network_error(world: DownloadWorld, film: HlsFilm) -> None:
    job = world.hls_job(film)
    nowhere = tuple(
        replace(segment, url=segment.url.replace(str(world.server.web.port), "1"))
        for segment in job.segments
    )
    with pytest.raises(DownloadError) as caught:
        world.run(replace(job, segments=nowhere))
    assert caught.value.code is ErrorCode.NET_ERROR


@pytest.mark.behaviour("B21", "B25", "B38")
def test_a_stopped_download_goes_on_under_fresh_urls(world: DownloadWorld, film: HlsFilm) -> None:
    job = world.hls_job(film)
    held = [segment.path for segment in job.segments[4:]]
    gate = world.server.hold(*held)
    world.stop = lambda: len(world.staged()) == 4
    assert world.run(job) is None
    gate.set()
    assert len(world.staged()) == 4
    entry = JobStore.find(str(world.save_dir), "vid1", 0)
    assert entry is not None
    assert entry.state is JobState.DOWNLOADING

    world.server.requests.clear()
    world.server.forbid_query = "auth_key=1"
    world.stop = lambda: False
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    world.server.requests.clear()
    result = world.finish(world.hls_job(film, "?auth_key=2"))
    assert media_requests(world) == dict.fromkeys(held, 1)
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))
    assert world.downloaded[-1][2] == 100


def no_network(_config: object, _clock: object) -> object:
    raise AssertionError("the network was asked")


def test_staged_pieces_are_processed_without_network_or_job(
    world: DownloadWorld, film: HlsFilm
) -> None:
    job = world.hls_job(film)
    world.stop = lambda: bool(world.processed)  # every piece is durable, nothing is made
    assert world.run(job) is None
    entry = JobStore(world.identity()).entry()
    assert entry is not None
    assert entry.state is JobState.STAGED
    stored = JobStore(world.identity()).load_job(CK)
    assert stored is not None
    task = DownloadTask(
        world.identity(),
        stored,
        CK,
        listener=world,
        should_stop=lambda: False,
        make_fetcher=no_network,  # type: ignore[arg-type]  # not a fetcher at all, on purpose
    )
    result = task.run()
    assert result is not None
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))


def test_a_completed_download_asks_nobody(world: DownloadWorld, film: HlsFilm) -> None:
    job = world.hls_job(film)
    first = world.finish(job)
    world.server.requests.clear()
    second = world.finish(job)
    assert (second.path, second.size, second.received_bytes) == (first.path, first.size, 0)
    assert media_requests(world) == {}
    assert (world.downloaded[-1][2], world.processed[-1]) == (100, 100)


@pytest.mark.behaviour("B24")
def test_a_deleted_download_starts_at_zero(world: DownloadWorld, film: HlsFilm) -> None:
    first = world.hls_job(film)
    world.finish(first)
    delete_download(world.identity())
    assert list(world.save_dir.iterdir()) == []
    second = world.hls_job(film)
    assert second.download_id != first.download_id
    world.server.requests.clear()
    world.finish(second)
    assert len(media_requests(world)) == len(film.served)


def test_an_altered_staged_piece_is_fetched_again_and_no_other(
    world: DownloadWorld, film: HlsFilm
) -> None:
    job = world.hls_job(film)
    world.stop = lambda: bool(world.processed)
    assert world.run(job) is None
    victim = job_folder(world.identity()) / "stage" / world.staged()[2]
    data = bytearray(victim.read_bytes())
    data[1000] ^= 1
    victim.write_bytes(data)
    world.server.requests.clear()
    world.stop = lambda: False
    result = world.finish(job)
    assert media_requests(world) == {job.segments[2].path: 1}
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))


def test_a_transport_key_that_does_not_open_has_its_number(
    world: DownloadWorld, film: HlsFilm
) -> None:
    job = world.hls_job(replace(film, key=b"another key 16 b"))
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is ErrorCode.ENCRYPT_ERROR
    assert not Path(final_path(world.identity(), secure=True) + ".part").exists()


@pytest.mark.parametrize("signed", [True, False])
def test_a_file_that_changes_on_the_server_is_never_mixed(
    world: DownloadWorld, *, signed: bool
) -> None:
    world.signed = signed
    job = world.file_job(BYTES, "mp3")
    gate = world.server.hold(f"/film.mp3 {RANGE_SIZE}-{2 * RANGE_SIZE - 1}")
    world.connections = 1
    other = BYTES[:RANGE_SIZE] + BYTES[RANGE_SIZE:][::-1]
    stage = job_folder(world.identity("mp3")) / "stage"
    world.stop = lambda: stage.exists() and len(list(stage.iterdir())) >= 1
    assert world.run(job, "mp3") is None
    gate.set()
    world.stop = lambda: False
    world.server.resources["/film.mp3"] = other
    if signed:
        with pytest.raises(DownloadError) as caught:
            world.run(job, "mp3")
        assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    else:
        assert world.open_sealed(world.finish(job, "mp3")) == other
        conditions = {request.headers.get("if-range") for request in world.server.web.received}
        assert len(conditions - {None}) == 2  # the tag of the one, then that of the other


def test_a_server_without_ranges_is_named(world: DownloadWorld) -> None:
    job = world.file_job(BYTES, "mp3")
    world.server.has_ranges = False
    with pytest.raises(DownloadError) as caught:
        world.run(job, "mp3")
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    assert "range" in caught.value.message


@pytest.mark.behaviour("B22")
def test_a_second_task_and_a_deletion_are_refused_while_one_works(
    world: DownloadWorld, film: HlsFilm
) -> None:
    job = world.hls_job(film)
    refused: list[ErrorCode] = []

    def stop() -> bool:
        for deed in (world.task(job).run, lambda: delete_download(world.identity())):
            try:
                deed()
            except DownloadError as error:
                refused.append(error.code)
        return True

    world.stop = stop
    assert world.run(job) is None
    assert refused == [ErrorCode.CLEAN_WRONG_STATUS] * 2


@pytest.mark.behaviour("B32")
def test_two_downloads_in_one_folder_do_not_meet(world: DownloadWorld, hls: Hls) -> None:
    first = world.hls_job(hls("b-frames"))
    other = DownloadWorld(world.save_dir, world.server, vid="vid2")
    audio = HlsFilm(
        **{name: getattr(hls("audio-only"), name) for name in ("lines", "clear", "key")},
        served={f"{name}": data for name, data in hls("audio-only").served.items()},
    )
    with MediaServer({}) as server:
        other.server = server
        second = other.hls_job(audio)
        results = []
        thread = threading.Thread(target=lambda: results.append(other.finish(second)))
        thread.start()
        mine = world.finish(first)
        thread.join()
    assert packets_of(world.open_sealed(mine)) == packets_of(remux(hls("b-frames").clear))
    assert packets_of(other.open_sealed(results[0])) == packets_of(remux(hls("audio-only").clear))


def test_a_relative_save_dir_is_that_of_the_beginning(
    world: DownloadWorld, film: HlsFilm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world.save_dir = Path("save")
    task = world.task(world.hls_job(film))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = task.run()
    assert result is not None
    assert result.path == str(tmp_path / "save" / "vid1_m3u8_0.vseal")
    assert Path(result.path).exists()


def test_a_job_that_was_not_begun_is_misuse(world: DownloadWorld, film: HlsFilm) -> None:
    job = world.hls_job(film)
    with pytest.raises(MisuseError):
        world.run(replace(job, download_id=b"x" * 16))
    shutil.rmtree(world.save_dir)
    with pytest.raises(MisuseError):
        world.run(job)


@pytest.mark.behaviour("B43")
def test_what_is_configured_is_on_the_wire(tmp_path: Path) -> None:
    def respond(request: Received) -> Answer:
        return Answer(body=request.target.encode())

    with LoopbackServer(respond) as proxy:
        config = FetcherConfig(
            referer="https://shop.example/",
            user_agent="Shop/1",
            proxy=proxy.url,
            headers=(("X-Shop", "7"),),
        )
        body = HttpFetcher(config).get("http://media.invalid/k?auth_key=1", limit=100)
    assert body == b"http://media.invalid/k?auth_key=1"
    headers = proxy.received[0].headers
    assert headers["referer"] == "https://shop.example/"
    assert (headers["user-agent"], headers["x-shop"]) == ("Shop/1", "7")
    assert "media.invalid" not in repr(config)
    assert str(proxy.port) not in repr(config)


def test_a_small_fetch_is_bounded_named_and_can_be_stopped(world: DownloadWorld) -> None:
    world.server.resources["/big"] = bytes(1000)
    fetcher = HttpFetcher(FetcherConfig())
    assert fetcher.get(f"{world.server.url}/big", limit=1000) == bytes(1000)
    with pytest.raises(DownloadError) as caught:
        fetcher.get(f"{world.server.url}/big", limit=999)
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
    with pytest.raises(DownloadError) as caught:
        HttpFetcher(FetcherConfig(), should_stop=lambda: True).get("http://h/", limit=1)
    assert caught.value.code is ErrorCode.INTERRUPTED
    with pytest.raises(DownloadError) as caught:
        fetcher.get("file:///etc/passwd", limit=9999)
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH
