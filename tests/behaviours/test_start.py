"""Start: what has to be there, and whose word counts."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from tests.behaviours.house import App

from vodseal import ErrorCode, MediaDownloader, VidAuth, VidSts
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House
    from tests.behaviours.phone import Ear, Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]


def outcome(downloader: MediaDownloader, ear: Ear) -> ErrorCode:
    """Start, and return the number of the error that follows."""
    downloader.start()
    code: ErrorCode = ear.wait_for("error").code
    assert downloader.wait(20)
    assert ear.names == ["error"]
    assert downloader.state == "failed"
    assert downloader.last_error is not None
    assert downloader.last_error.code is code
    return code


@pytest.mark.behaviour("B1")
def test_without_a_selected_track(phone: Phone, house: House, video: Video) -> None:
    _, downloader, ear = phone.prepare(house.sts(video("short")))
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.NOT_SELECT_ITEM


@pytest.mark.behaviour("B2")
@pytest.mark.parametrize("index", [1, 99, -1])
def test_with_a_track_that_was_not_offered(
    phone: Phone, house: House, video: Video, index: int
) -> None:
    _, downloader, ear = phone.prepare(house.sts(video("short")))
    downloader.select_item(index)
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.INVALID_ITEM


@pytest.mark.behaviour("B4")
def test_without_any_source(phone: Phone) -> None:
    downloader, ear = phone.downloader()
    assert outcome(downloader, ear) is ErrorCode.STS_SOURCE_NULL
    downloader.select_item(0)
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.STS_SOURCE_NULL


@pytest.mark.behaviour("B4")
@pytest.mark.parametrize(
    ("source", "code"),
    [(VidSts(vid="v"), ErrorCode.STS_SOURCE_NULL), (VidAuth(vid="v"), ErrorCode.AUTH_SOURCE_NULL)],
)
def test_with_an_empty_source(phone: Phone, source: VidSts, code: ErrorCode) -> None:
    downloader, ear = phone.ready(source)
    assert outcome(downloader, ear) is code


@pytest.mark.behaviour("B6", "B11")
def test_an_expired_sts_credential(phone: Phone, house: House, video: Video) -> None:
    media, downloader, ear = phone.prepare(house.sts(video("short"), seconds=900))
    downloader.select_item(media.tracks[0].index)
    house.clock.advance(901)
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.SERVER_POP_TOKEN_EXPIRED


@pytest.mark.behaviour("B7", "B11")
def test_an_expired_play_auth(phone: Phone, house: House, video: Video) -> None:
    media, downloader, ear = phone.prepare(house.auth(video("short"), seconds=100))
    downloader.select_item(media.tracks[0].index)
    house.clock.advance(101)
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME


@pytest.mark.behaviour("B10", "B11")
@pytest.mark.parametrize("kind", ["sts", "auth"])
def test_a_fresh_credential_before_start(
    phone: Phone, house: House, video: Video, kind: str
) -> None:
    vid = video("short")
    issue = house.sts if kind == "sts" else house.auth
    media, downloader, ear = phone.prepare(issue(vid))
    downloader.select_item(media.tracks[0].index)
    house.clock.advance(7200)
    ear.forget()
    assert outcome(downloader, ear) in {
        ErrorCode.SERVER_POP_TOKEN_EXPIRED,
        ErrorCode.SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME,
    }
    downloader.update_source(issue(vid))
    ear.forget()
    downloader.start()
    ear.wait_for("completed")


@pytest.mark.behaviour("B11")
def test_a_credential_that_expires_mid_way_loses_nothing(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    vid = video("long")
    downloader, ear = phone.ready(house.sts(vid, seconds=900), wire=wire)
    wire.hold_after(4)
    downloader.start()
    wire.wait_for_segments(4)
    ear.wait_for("downloading", least=5)
    downloader.stop()
    wire.release()
    house.clock.advance(901)
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.SERVER_POP_TOKEN_EXPIRED
    kept = set(phone.staged())
    assert kept
    wire.forget()
    downloader.update_source(house.sts(vid))
    ear.forget()
    downloader.start()
    ear.wait_for("completed")
    assert sorted(int(PurePosixPath(path).stem) for path in wire.segments) == sorted(
        set(range(len(wire.segments) + len(kept))) - {number for number, _ in kept}
    )


@pytest.mark.behaviour("B12")
def test_download_switched_off_after_prepare(phone: Phone, house: House, video: Video) -> None:
    media, downloader, ear = phone.prepare(house.sts(video("short")))
    downloader.select_item(media.tracks[0].index)
    house.set("download-mode", "off")
    ear.forget()
    assert outcome(downloader, ear) is ErrorCode.DOWNLOAD_SWITCH_OFF
    assert not phone.save_dir.exists()


@pytest.mark.behaviour("B13")
def test_without_a_save_dir(phone: Phone, house: House, video: Video) -> None:
    downloader, ear = phone.ready(house.sts(video("short")))
    downloader.set_save_dir("")
    assert outcome(downloader, ear) is ErrorCode.NOT_SET_SAVE_DIR


@pytest.mark.behaviour("B13")
@pytest.mark.parametrize("blocked", [True, False], ids=["a file is in the way", "missing"])
def test_a_save_dir_is_made_when_it_can_be(
    phone: Phone, house: House, video: Video, *, blocked: bool
) -> None:
    downloader, ear = phone.ready(house.sts(video("short")))
    save_dir = phone.folder / "a" / "b" / "c"
    downloader.set_save_dir(save_dir)
    if blocked:
        (phone.folder / "a").touch()
        assert outcome(downloader, ear) is ErrorCode.CANNOT_CREATE_SAVE_DIR
        return
    downloader.start()
    ear.wait_for("completed")
    assert Path(downloader.get_file_path()).parent == save_dir
    assert Path(downloader.get_file_path()).is_file()


@pytest.mark.behaviour("B14")
def test_secure_mode_without_a_security_file(bare_phone: Phone, house: House, video: Video) -> None:
    downloader, ear = bare_phone.ready(house.sts(video("short")))
    assert outcome(downloader, ear) is ErrorCode.ENCRYPT_FILE_NOT_MATCH
    assert downloader.last_error is not None
    assert "init_service" in downloader.last_error.remedy
    assert not bare_phone.save_dir.exists()


@pytest.mark.behaviour("B14", "B20")
@pytest.mark.parametrize("wrong", ["another app", "nonsense", "empty"])
def test_secure_mode_with_a_file_that_does_not_fit(
    bare_phone: Phone, video: Video, app: App, new_app: Callable[[], App], wrong: str
) -> None:
    house = bare_phone.house
    files = {"another app": new_app().security_file, "nonsense": b"\x89VSE nonsense", "empty": b""}
    bare_phone.load(App(identity=app.identity, security_file=files[wrong]))
    downloader, ear = bare_phone.ready(house.sts(video("short")))
    assert outcome(downloader, ear) is ErrorCode.ENCRYPT_FILE_NOT_MATCH
    assert not bare_phone.save_dir.exists()
    bare_phone.load(app)
    ear.forget()
    downloader.start()
    ear.wait_for("completed")


@pytest.mark.behaviour("B20")
def test_the_file_is_taken_by_path_and_by_bytes(
    bare_phone: Phone, house: House, video: Video, app: App
) -> None:
    path = bare_phone.folder / "encryptedApp.dat"
    path.write_bytes(app.security_file)
    for given in (path, app.security_file):
        key_service.install(given, app.identity, None, bare_phone.home)
        bare_phone.download(house.sts(video("short")))


@pytest.mark.behaviour("B14")
def test_a_revoked_app_gets_no_license(
    bare_phone: Phone, house: House, video: Video, new_app: Callable[[], App]
) -> None:
    revoked = new_app()
    bare_phone.load(revoked)
    house.ask("RevokeApp", Serial=key_service.current().unlock().serial.hex())
    downloader, ear = bare_phone.ready(house.sts(video("short")))
    assert outcome(downloader, ear) is ErrorCode.ENCRYPT_FILE_NOT_MATCH


@pytest.mark.behaviour("B48")
def test_a_change_of_mode_is_for_later_starts(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    vid = video("long", "clear")
    source = house.sts(vid, format="m3u8")
    index = phone.prepare(source)[0].tracks[0].index
    downloader, ear = phone.ready(source, index, wire)
    wire.hold_after(2)
    downloader.start()
    wire.wait_for_segments(2)
    house.set("download-mode", "normal")
    wire.release()
    ear.wait_for("completed")
    sealed = downloader.get_file_path()
    assert sealed.endswith(".vseal")
    plain, _ = phone.download(source, index)
    assert plain.suffix == ".mp4"
    assert Path(sealed).is_file()
