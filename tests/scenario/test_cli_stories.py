"""The command line as people and scripts use it: real processes, a real service."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest
from tests.media import Film, render
from tests.scenario.cli_world import Person, Said, ServiceProcess, end_all
from tests.scenario.counting_proxy import CountingProxy

from vodseal.error_codes import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS, RATE = 150, 10
SEGMENT = ".ts"
LET_PASS = 18  # of the film's 25 segments
CONNECTIONS = 8


@dataclass
class App:
    folder: Path

    @property
    def options(self) -> list[object]:
        file = self.folder.with_suffix(".dat")
        key = self.folder.with_suffix(".key")
        return ["--security-file", file, "--app-key-file", key, "--app", self.folder]


@dataclass
class World:
    folder: Path
    operator: Person
    service: ServiceProcess
    vid: str
    cinema: App
    stranger: App

    def source(self, *arguments: object) -> Path:
        path = self.folder / f"source-{os.urandom(4).hex()}.json"
        path.write_text(json.dumps(self.operator.must("credentials", *(arguments or ["sts"]))))
        return path

    def download(self, *more: object, proxy: CountingProxy | None = None) -> list[object]:
        endpoint = ["--endpoint", proxy.url] if proxy else []
        return ["download", self.vid, "--source", self.source(), *endpoint, *more]


def make_app(operator: Person, folder: Path, bundle_id: str) -> App:
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(f"print({bundle_id!r})\n")
    pem = folder.with_suffix(".pem")
    operator.must("app", "init", folder, "--bundle-id", bundle_id, "--manifest-key", pem)
    operator.must(
        *("apps", "register", "--bundle-id", bundle_id, "--manifest-key", pem),
        *("--out", folder.with_suffix(".dat")),
    )
    return App(folder)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("cli")
    operator = Person(folder / "operator")
    service = ServiceProcess(operator, folder / "data")
    try:
        film = folder / "Das Boot & more.mp4"
        render(
            film,
            Film(seconds=SECONDS, size=(160, 120), fps=Fraction(RATE), keyframe_frames=2 * RATE),
        )
        operator.must("settings", "set", "download-mode", "secure")
        uploaded = operator.must(
            "videos", "upload", film, "--template-group", "encrypted-source", "--wait"
        )
        yield World(
            folder=folder,
            operator=operator,
            service=service,
            vid=str(uploaded["vid"]),
            cinema=make_app(operator, folder / "apps/cinema", "org.example.cinema"),
            stranger=make_app(operator, folder / "apps/stranger", "org.example.stranger"),
        )
    finally:
        service.stop()
        end_all()


@pytest.fixture(scope="module")
def viewer(world: World) -> Person:
    return Person(world.folder / "viewer")


@pytest.fixture(scope="module")
def finished(world: World, viewer: Person) -> Path:
    said = viewer.run(*world.download("--save-dir", world.folder / "films", *world.cinema.options))
    assert said.status == 0, said
    return world.folder / "films" / str(said.last["path"]).rpartition("/")[2]


def frames_of(viewer: Person, file: Path, app: App) -> int:
    return int(str(viewer.must("play", file, "--with", "null", *app.options)["frames"]))


def test_the_first_start_tells_the_key_and_keeps_it(world: World) -> None:
    ready = world.service.ready
    assert ready["event"] == "ready"
    assert ready["access_key_id"]
    assert ready["access_key_secret"]
    profile = world.operator.home / "profile.json"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600


def test_a_download_tells_its_events_in_order(world: World, viewer: Person, tmp_path: Path) -> None:
    save_dir = tmp_path / "new/films"
    said = viewer.run(*world.download("--save-dir", save_dir, *world.cinema.options))
    assert said.status == 0
    order = list(dict.fromkeys(event["event"] for event in said.events))
    assert order == ["prepared", "downloading", "processing", "completed"]
    (prepared,) = said.named("prepared")
    assert prepared["title"] == "Das Boot & more"
    assert {"index", "definition", "format", "size"} <= prepared["tracks"][0].keys()
    for name in ("downloading", "processing"):
        percents = [int(str(event["percent"])) for event in said.named(name)]
        assert percents == sorted(set(percents))
        assert percents[-1] == 100
    assert all({"bytes", "speed", "eta"} <= event.keys() for event in said.named("downloading"))
    path = str(said.last["path"])
    assert path.startswith(f"{save_dir}/{world.vid}")
    assert path.endswith(".vseal")


@pytest.mark.behaviour("B17", "B16")
def test_the_file_plays_is_whole_and_is_no_film_to_others(
    world: World, viewer: Person, finished: Path
) -> None:
    played = viewer.must("play", finished, "--with", "null", *world.cinema.options)
    assert played["frames"] == SECONDS * RATE
    assert {"fps", "first_frame_ms", "audio_frames", "duration"} <= played.keys()
    verified = viewer.must("verify", finished, *world.cinema.options)
    assert (verified["ok"], verified["title"]) == (True, "Das Boot & more")
    inspected = viewer.must("inspect", finished)
    assert inspected["whole"] is True
    assert inspected["film_size"] == verified["bytes"]
    with pytest.raises(av.FFmpegError):
        av.open(str(finished))


def repair(world: World, viewer: Person, film: Path, proxy: CountingProxy) -> Said:
    return viewer.run(
        *("verify", film, "--repair", "--source", world.source(), "--endpoint", proxy.url),
        *world.cinema.options,
    )


def damaged(finished: Path, folder: Path, *places: int) -> Path:
    """A copy of the film's save dir, journal and all, with a bit flipped at each place."""
    shutil.copytree(finished.parent, folder)
    film = folder / finished.name
    data = bytearray(film.read_bytes())
    for place in places:
        data[place] ^= 1
    film.write_bytes(data)
    return film


def test_a_repair_fetches_what_is_damaged_and_nothing_else(
    world: World, viewer: Person, finished: Path, tmp_path: Path
) -> None:
    middle = finished.stat().st_size // 2
    with CountingProxy(world.service.endpoint) as proxy:
        whole = repair(world, viewer, damaged(finished, tmp_path / "whole"), proxy)
        assert (whole.status, whole.last["outcome"]) == (0, "whole")
        header = repair(world, viewer, damaged(finished, tmp_path / "header", 40), proxy)
        assert (header.status, header.last["outcome"]) == (0, "mended"), header
        assert not proxy.counted(SEGMENT)
        film = damaged(finished, tmp_path / "middle", middle, middle + 1)
        mended = repair(world, viewer, film, proxy)
        segments = proxy.counted(SEGMENT)
    assert (mended.status, mended.last["outcome"], mended.last["ok"]) == (0, "mended", True)
    assert 0 < mended.last["damaged_bytes"] <= 32768
    assert 0 < segments.total() <= 4
    assert viewer.must("verify", film, *world.cinema.options)["ok"] is True
    assert frames_of(viewer, film, world.cinema) == SECONDS * RATE


def test_a_repair_downloads_what_cannot_be_mended(
    world: World, viewer: Person, finished: Path, tmp_path: Path
) -> None:
    end = finished.stat().st_size - 5_000  # in the index of the film
    with CountingProxy(world.service.endpoint) as proxy:
        film = damaged(finished, tmp_path / "index", end)
        proxy.hold(SEGMENT, after=LET_PASS)
        before = film.read_bytes()
        running = viewer.start(
            *("verify", film, "--repair", "--source", world.source(), "--endpoint", proxy.url),
            *world.cinema.options,
        )
        proxy.wait_until_held(answered=LET_PASS)
        running.kill()
        proxy.release()
        assert film.read_bytes() == before, "a kill leaves the old file"
        said = repair(world, viewer, film, proxy)
        assert (said.status, said.last["outcome"]) == (0, "downloaded"), said
        assert said.last["reason"]
        gone = damaged(finished, tmp_path / "gone")
        gone.unlink()
        again = repair(world, viewer, gone, proxy)
        assert (again.status, again.last["outcome"]) == (0, "downloaded"), again
    for one in (film, gone):
        assert frames_of(viewer, one, world.cinema) == SECONDS * RATE


def test_a_repair_says_what_it_needs(
    world: World, viewer: Person, finished: Path, tmp_path: Path
) -> None:
    film = damaged(finished, tmp_path / "films", 40)
    source = world.source()
    for arguments in (("--repair",), ("--source", source), ("--endpoint", "http://x")):
        said = viewer.call("verify", film, *arguments, *world.cinema.options)
        assert said.status == 2, arguments
    renamed = film.rename(film.with_name("film.vseal"))
    said = viewer.call("verify", renamed, "--repair", "--source", source, *world.cinema.options)
    assert (said.status, "VID_FORMAT_INDEX" in str(said.last["remedy"])) == (2, True), said


@pytest.mark.behaviour("B18", "B19")
def test_nobody_else_plays_it(world: World, viewer: Person, finished: Path) -> None:
    copy = world.folder / "copy.vseal"
    shutil.copyfile(finished, copy)
    flipped = world.folder / "flipped.vseal"
    data = bytearray(finished.read_bytes())
    data[len(data) // 2] ^= 1
    flipped.write_bytes(data)
    other_device = Person(world.folder / "other-device")
    cases = {
        "no security file": viewer.run("play", finished, "--with", "null"),
        "another app": viewer.run("play", finished, "--with", "null", *world.stranger.options),
        "another device": other_device.run("play", copy, "--with", "null", *world.cinema.options),
        "another app's folder": viewer.run(
            *("play", finished, "--with", "null", *world.cinema.options[:-1]),
            world.stranger.folder,
        ),
        "a flipped bit": viewer.run("play", flipped, "--with", "null", *world.cinema.options),
        "verify": viewer.run("verify", flipped, *world.cinema.options),
    }
    for name, said in cases.items():
        assert said.status == 1, name
        assert said.last["code"] == ErrorCode.DEMUXER_OPENSTREAM, (name, said)
        assert said.last["remedy"], name
    assert len({str(said.last["message"]) for said in cases.values()}) >= 4


@pytest.mark.behaviour("B14")
def test_without_its_security_file_an_app_downloads_nothing(
    world: World, viewer: Person, tmp_path: Path
) -> None:
    said = viewer.run(*world.download("--save-dir", tmp_path))
    assert said.status == 1
    assert said.last["hex"] == "0x30010008"
    assert not list(tmp_path.rglob("*.vseal"))


@pytest.mark.behaviour("B25")
def test_a_download_that_is_killed_goes_on_where_it_was(
    world: World, viewer: Person, tmp_path: Path
) -> None:
    with CountingProxy(world.service.endpoint) as proxy:
        arguments = world.download(*("--save-dir", tmp_path, *world.cinema.options), proxy=proxy)
        proxy.hold(SEGMENT, after=LET_PASS)
        running = viewer.start(*arguments)
        proxy.wait_until_held(answered=LET_PASS)
        running.read_until(lambda event: int(str(event.get("percent", 0))) >= 60)
        running.kill()
        first = proxy.counted(SEGMENT)
        proxy.release()
        assert not list(tmp_path.glob(f"{world.vid}*.vseal"))
        said = viewer.run(*arguments)
        both = proxy.counted(SEGMENT)
    assert said.status == 0, said
    assert first.total() == LET_PASS
    assert both.keys() > first.keys()
    twice = [line for line, count in both.items() if count > 1]
    assert len(twice) <= CONNECTIONS, "only what was in flight is fetched again"
    assert frames_of(viewer, tmp_path / str(said.last["path"]), world.cinema) == SECONDS * RATE


@pytest.mark.behaviour("B21")
def test_ctrl_c_stops_with_a_name_and_the_next_run_goes_on(
    world: World, viewer: Person, tmp_path: Path
) -> None:
    with CountingProxy(world.service.endpoint) as proxy:
        arguments = world.download(*("--save-dir", tmp_path, *world.cinema.options), proxy=proxy)
        proxy.hold(SEGMENT, after=LET_PASS)
        running = viewer.start(*arguments)
        proxy.wait_until_held(answered=LET_PASS)
        running.read_until(lambda event: int(str(event.get("percent", 0))) >= 60)
        running.interrupt()
        said = running.finish()
        proxy.release()
        again = viewer.run(*arguments)
        both = proxy.counted(SEGMENT)
    assert (said.status, said.last["name"]) == (1, "INTERRUPTED"), said
    assert "again" in str(said.last["remedy"])
    assert again.status == 0, again
    twice = [line for line, count in both.items() if count > 1]
    assert len(twice) <= CONNECTIONS, "only what was in flight is fetched again"


def test_an_upload_that_is_stopped_and_killed_goes_on_with_the_missing_parts(
    world: World, tmp_path: Path
) -> None:
    film = tmp_path / "noise.mp4"
    film.write_bytes(os.urandom(1 << 20) * 56)
    with CountingProxy(world.service.endpoint) as proxy:
        uploader = Person(tmp_path / "uploader")
        shutil.copytree(world.operator.home, uploader.home)
        uploader.environment["VODSEAL_ENDPOINT"] = proxy.url
        proxy.hold("partNumber=2", after=0)
        running = uploader.start("videos", "upload", film, "--wait")
        proxy.wait_until_held()
        running.interrupt()
        stopped = running.finish()
        proxy.release()
        proxy.hold("partNumber=3", after=0)
        running = uploader.start("videos", "upload", film, "--wait")
        proxy.wait_until_held()
        running.kill()
        proxy.release()
        said = uploader.run("videos", "upload", film, "--wait")
        parts = proxy.counted("PUT ")
        vid = str(said.named("uploaded")[0]["vid"])
        assert uploader.call("videos", "show", vid).last["status"] == "TranscodeFail"
        assert uploader.call("videos", "delete", vid).last["deleted"] is True
        gone = uploader.call("videos", "show", vid)
    assert (said.status, said.last["name"]) == (1, "TRANSCODE_FAILED")
    assert str(said.last["message"])
    assert (stopped.status, stopped.last["name"]) == (1, "INTERRUPTED"), stopped
    assert [count for line, count in parts.items() if "partNumber=1" in line] == [1]
    assert len(parts) == 4
    assert not list((uploader.home / "uploads").iterdir()), "nothing is left to go on with"
    assert (gone.status, gone.last["hex"]) == (1, "0x20010202")


@pytest.mark.behaviour("B12")
def test_settings_are_seen_set_and_kept_to(world: World, viewer: Person, tmp_path: Path) -> None:
    operator = world.operator
    assert operator.must("settings", "get", "download-mode") == {"download-mode": "secure"}
    try:
        assert operator.must("settings", "set", "download-mode", "off") == {"download-mode": "off"}
        said = viewer.call(*world.download("--save-dir", tmp_path, *world.cinema.options))
        assert (said.status, said.last["hex"]) == (1, "0x30010009")
        assert not list(tmp_path.iterdir())
    finally:
        operator.must("settings", "set", "download-mode", "secure")
    for name, value in (("download-mode", "sometimes"), ("colour", "red")):
        assert operator.call("settings", "set", name, value).status == 1
    assert operator.call("settings", "get", "colour").status == 2


def test_apps_are_listed_shown_and_revoked(world: World, tmp_path: Path) -> None:
    operator = world.operator
    said = operator.must(
        *("apps", "register", "--ios-bundle", "org.example.phone", "--file-alone"),
        *("--out", tmp_path / "phone.dat"),
    )
    serial = str(said["serial"])
    assert "app_key_file" not in said
    assert not (tmp_path / "phone.key").exists()
    shown = operator.must("apps", "show", serial)
    assert (shown["kind"], shown["opening"], shown["status"]) == (
        "ios-bundle",
        "file-alone",
        "Active",
    )
    assert [shown[f"devices_{level}"] for level in ("file", "system", "tpm")] == [0, 0, 0]
    assert operator.must("apps", "revoke", serial)["revoked"] is True
    listed = {app["serial"]: app for app in operator.must("apps", "list")["apps"]}
    assert listed[serial]["status"] == "Revoked"
    again = operator.call(
        *("apps", "register", "--ios-bundle", "org.example.phone", "--file-alone"),
        *("--out", tmp_path / "phone.dat"),
    )
    assert (again.status, again.last["name"]) == (1, "OUTPUT_FILE_UNUSABLE")
    assert len(operator.must("apps", "list")["apps"]) == len(listed)


def test_licenses_are_listed_and_revoked_and_a_policy_is_set(
    world: World, finished: Path, tmp_path: Path
) -> None:
    operator, app = world.operator, make_app(world.operator, tmp_path / "lent", "org.example.lent")
    serial = next(
        one["serial"]
        for one in operator.must("apps", "list")["apps"]
        if one["identifier"] == "org.example.lent"
    )
    told = operator.must("policy", "set", "max-devices", "1", "--app", serial)["policy"]
    assert {"name": "max-devices", "value": "1", "own": True} in told
    told = operator.must("policy", "show", "--video", world.vid)["policy"]
    assert {"name": "max-devices", "value": "0", "own": False} in told
    there = tmp_path / "films"
    for name, status in (("first", 0), ("second", 1)):
        person = Person(tmp_path / name)
        said = person.run(*world.download("--save-dir", there / name, *app.options))
        assert said.status == status, said
    assert said.last["code"] == ErrorCode.DEVICE_LIMIT
    listed = operator.must("licenses", "list", "--video", world.vid)["licenses"]
    [lent] = [one for one in listed if one["app"] == serial]
    assert (lent["status"], lent["expires"]) == ("Active", "")
    assert operator.must("licenses", "revoke", "--license", lent["license"]) == {"revoked": 1}
    listed = operator.must("licenses", "list", "--device", lent["device"])["licenses"]
    assert [one["status"] for one in listed] == ["Revoked"]
    assert operator.must("policy", "set", "max-devices", "--app", serial)["policy"]
    for wrong in (
        ["licenses", "revoke"],
        ["policy", "show"],
        ["policy", "show", "--app", serial, "--video", world.vid],
    ):
        said = operator.call(*wrong)
        assert said.status == 2
        assert said.last["remedy"]


def test_a_security_file_is_issued_anew(world: World, tmp_path: Path) -> None:
    operator = world.operator
    first = operator.must(
        *("apps", "register", "--ios-bundle", "org.example.tablet", "--least-level", "file"),
        *("--refuse-file-key-store", "--out", tmp_path / "first.dat"),
    )
    second = operator.must(
        *("apps", "reissue", first["serial"], "--least-level", "manifest"),
        *("--grace-days", "1", "--out", tmp_path / "second.dat"),
    )
    assert second["fingerprint"] == first["fingerprint"]
    assert second["serial"] != first["serial"]
    strings = {(tmp_path / name).read_text() for name in ("first.key", "second.key")}
    assert len(strings) == 2
    shown = operator.must("apps", "show", first["serial"])
    assert (shown["status"], shown["least_level"]) == ("Active", "file")
    assert shown["ends"]
    shown = operator.must("apps", "show", second["serial"])
    assert (shown["ends"], shown["replaces"]) == ("", first["serial"])
    assert (shown["least_level"], shown["file_key_store"]) == ("manifest", False)
    refused = operator.call("apps", "reissue", "0" * 32, "--out", tmp_path / "third.dat")
    assert refused.status == 1
    assert not (tmp_path / "third.dat").exists()


def test_downloads_move_to_a_security_file_that_was_issued_anew(
    world: World, tmp_path: Path
) -> None:
    old, owner = make_app(world.operator, tmp_path / "kiosk", "org.example.kiosk"), tmp_path / "new"
    viewer = Person(tmp_path / "viewer")
    done = viewer.must(*world.download("--save-dir", tmp_path / "films", *old.options))
    film = tmp_path / "films" / str(done["path"]).rpartition("/")[2]
    sealed = film.read_bytes()
    [kiosk] = [
        app
        for app in world.operator.must("apps", "list")["apps"]
        if app["identifier"].startswith("org.example.kiosk")
    ]
    world.operator.must("apps", "reissue", kiosk["serial"], "--out", owner.with_suffix(".dat"))
    new = ["--security-file", owner.with_suffix(".dat"), "--app", old.folder]
    new += ["--app-key-file", owner.with_suffix(".key")]
    old_file, old_key = old.options[1], old.options[3]
    move = ("rekey", "--old", old_file, "--old-app-key-file", old_key)
    assert viewer.call(*move, film).status == 2, "it does not say what is to take its place"
    assert viewer.call("rekey", "--old", old_file, film, *new).status == 1, (
        "the old string is missing"
    )
    moved = viewer.run(*move, film, *new)
    assert (moved.status, moved.last) == (0, {"moved": 1, "present": 0})
    assert film.read_bytes() == sealed
    played = viewer.must("play", film, "--with", "null", *new)
    assert played["frames"] == SECONDS * RATE
    refused = viewer.call("play", film, "--with", "null", *old.options)
    assert (refused.status, bool(refused.last["remedy"])) == (1, True)
    assert viewer.must(*move, film, *new) == {"moved": 0, "present": 1}
    other = Person(tmp_path / "other")
    left = other.call(*move, film, *new)
    assert (left.status, left.last["code"]) == (1, int(ErrorCode.CHECK_FAILED))


def test_bad_input_is_named(world: World, viewer: Person, tmp_path: Path) -> None:
    good = world.source()
    broken = tmp_path / "broken.json"
    broken.write_text('{"kind": "auth", "play_auth": "no base64 of anything"}')
    options = ["--save-dir", tmp_path / "films", *world.cinema.options]
    unreachable = "http://127.0.0.1:1"
    cases = [
        (["download", "0" * 32, "--source", good, *options], "0x20010202"),
        (["download", world.vid, "--source", broken, *options], "0x30010004"),
        (["download", world.vid, "--source", tmp_path / "none", *options], "0x56530008"),
        (
            ["download", world.vid, "--source", good, "--endpoint", unreachable, *options],
            "0x20010005",
        ),
        (
            ["download", world.vid, "--source", good, "--definition", "4K", *options],
            "0x30010005",
        ),
        (["download", world.vid, "--source", good, "--track", "77", *options], "0x30010005"),
        (
            ["download", world.vid, "--source", good, "--save-dir", good, *world.cinema.options],
            "0x3001000C",
        ),
        (["play", tmp_path / "none.vseal", "--with", "null"], "0x20030001"),
        (["play", "", "--with", "null"], "0x20030005"),
        (["inspect", good], "0x5653000F"),
        (["videos", "upload", tmp_path / "none.mp4"], "0x56530008"),
        (["videos", "upload", good], "0x56530007"),
    ]
    for arguments, number in cases:
        said = viewer.call(*arguments)
        assert (said.status, said.last["hex"]) == (1, number), (arguments, said)
        assert said.last["message"], arguments
        assert "Traceback" not in said.talk


def test_a_second_service_is_told_what_is_in_its_way(world: World, tmp_path: Path) -> None:
    port = world.service.endpoint.rpartition(":")[2]
    same_folder = world.operator.run("serve", "--data", world.folder / "data", "--port", 0)
    assert (same_folder.status, same_folder.last["name"]) == (1, "DATA_FOLDER_IN_USE")
    same_port = world.operator.run("serve", "--data", tmp_path / "data", "--port", port)
    assert (same_port.status, same_port.last["name"]) == (1, "PORT_IN_USE")
    assert world.operator.must("settings", "get", "download-mode")["download-mode"] == "secure"


def test_a_service_that_starts_again_does_not_tell_its_key_again(tmp_path: Path) -> None:
    operator = Person(tmp_path / "operator")
    first = ServiceProcess(operator, tmp_path / "data")
    said = first.stop()
    assert said.status == 0, said
    second = ServiceProcess(operator, tmp_path / "data")
    try:
        assert "access_key_secret" in first.ready
        assert "access_key_secret" not in second.ready
        assert second.ready["access_key_id"] == first.ready["access_key_id"]
        assert operator.must("videos", "list") == {"videos": []}
    finally:
        second.running.process.send_signal(signal.SIGINT)
        assert second.running.finish().status == 0
