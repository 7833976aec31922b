"""Each number of the vendor's download group comes out of the SDK, for its own reason.

The table is the proof of completeness: a number without a row fails the first test.
"""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sdk.stand_in import StandIn, play_info

from vodseal import ErrorCode, MediaDownloader, VidAuth, VidSts
from vodseal.download.folder import Folder
from vodseal.testing.http_server import Answer
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.behaviours.house import House
    from tests.behaviours.phone import Ear, Phone
    from tests.behaviours.wire import Wire

GROUP = {code for code in ErrorCode if code >> 16 == 0x3001}


class Stage:
    """What a scene may use."""

    def __init__(self, phone: Phone, video: Callable[..., str], wire: Wire) -> None:
        self.phone = phone
        self.house: House = phone.house
        self.video = video
        self.wire = wire
        self.break_disk: Callable[[int], None] = lambda _: None
        self.stand_in: StandIn | None = None

    def source(self, film: str = "short", template: str = "encrypted", **more: Any) -> VidSts:
        return self.house.sts(self.video(film, template), **more)

    def start(self, downloader: MediaDownloader, ear: Ear) -> ErrorCode:
        downloader.start()
        code: ErrorCode = ear.wait_for("error").code
        return code

    def start_with(self, source: VidSts | VidAuth, index: int = 0, **options: Any) -> ErrorCode:
        return self.start(*self.phone.ready(source, index, **options))

    def streams(self, *infos: dict[str, Any], mode: str = "secure") -> VidSts:
        """Return a source of a service that offers just these streams."""
        assert self.stand_in is not None
        made = [play_info(self.stand_in, number=n, **info) for n, info in enumerate(infos)]
        self.stand_in.offer(mode, *made)
        return self.stand_in.sts()


def not_select_item(stage: Stage) -> ErrorCode:
    downloader, ear = stage.phone.downloader()
    downloader.update_source(stage.source())
    return stage.start(downloader, ear)


def no_download_item(stage: Stage) -> ErrorCode:
    return stage.phone.refusal(stage.source(format="mp3")).code


def sts_source_null(stage: Stage) -> ErrorCode:
    return stage.start_with(VidSts(vid="v"))


def auth_source_null(stage: Stage) -> ErrorCode:
    return stage.start_with(VidAuth(vid="v"))


def auth_source_wrong(stage: Stage) -> ErrorCode:
    return stage.start_with(VidAuth(vid="v", play_auth="???"))


def invalid_item(stage: Stage) -> ErrorCode:
    return stage.start_with(stage.source(), 77)


def url_cannot_reach(stage: Stage) -> ErrorCode:
    stage.wire.on_media = lambda _: Answer(status=403)
    return stage.start_with(stage.source(), wire=stage.wire)


def not_support_format(stage: Stage) -> ErrorCode:
    return stage.start_with(stage.streams({"Format": "flv"}))


def encrypt_file_not_match(stage: Stage) -> ErrorCode:
    key_service.uninstall()
    return stage.start_with(stage.source())


def download_switch_off(stage: Stage) -> ErrorCode:
    stage.house.set("download-mode", "off")
    return stage.start_with(stage.source())


def net_error(stage: Stage) -> ErrorCode:
    stage.wire.cut()
    return stage.start_with(stage.source(), wire=stage.wire)


def not_set_save_dir(stage: Stage) -> ErrorCode:
    downloader, ear = stage.phone.ready(stage.source())
    downloader.set_save_dir("")
    return stage.start(downloader, ear)


def cannot_create_save_dir(stage: Stage) -> ErrorCode:
    downloader, ear = stage.phone.ready(stage.source())
    (stage.phone.folder / "file").touch()
    downloader.set_save_dir(stage.phone.folder / "file" / "films")
    return stage.start(downloader, ear)


def no_space(stage: Stage) -> ErrorCode:
    stage.break_disk(errno.ENOSPC)
    return stage.start_with(stage.source())


def write_error(stage: Stage) -> ErrorCode:
    stage.break_disk(errno.EIO)
    return stage.start_with(stage.source())


def encrypt_error(stage: Stage) -> ErrorCode:
    def forge(_: object) -> Answer:
        body = {"Manifest": "AAAA", "Digests": "AAAA"}
        return Answer(body=json.dumps(body).encode())

    stage.wire.on_action = {"GetSegmentDigests": forge}
    return stage.start_with(stage.source(), wire=stage.wire)


def file_not_exist(stage: Stage) -> ErrorCode:
    return MediaDownloader.delete_file(str(stage.phone.save_dir), "v", "mp4", 0).code


def clean_invalid_param(stage: Stage) -> ErrorCode:
    return MediaDownloader.delete_file("", "", "", -1).code


def clean_wrong_status(stage: Stage) -> ErrorCode:
    downloader, ear = stage.phone.ready(stage.source("long"), wire=stage.wire)
    stage.wire.hold_after(1)
    downloader.start()
    stage.wire.wait_for_segments(1)
    second, its_ear = stage.phone.ready(stage.source("long"), wire=stage.wire)
    code = stage.start(second, its_ear)
    stage.wire.release()
    ear.wait_for("completed")
    return code


def get_aes_key_fail(stage: Stage) -> ErrorCode:
    return stage.start_with(stage.source(play_config=""))


def encryption_not_support(stage: Stage) -> ErrorCode:
    return stage.start_with(
        stage.streams({"Format": "m3u8", "Encrypt": 1, "EncryptType": "AliyunVoDEncryption"})
    )


SCENES = {ErrorCode[scene.__name__.upper()]: scene for scene in (
    not_select_item, no_download_item, sts_source_null, auth_source_null, auth_source_wrong,
    invalid_item, url_cannot_reach, not_support_format, encrypt_file_not_match,
    download_switch_off, net_error, not_set_save_dir, cannot_create_save_dir, no_space,
    write_error, encrypt_error, file_not_exist, clean_invalid_param, clean_wrong_status,
    get_aes_key_fail, encryption_not_support,
)}  # fmt: skip


def test_every_number_has_a_scene() -> None:
    assert set(SCENES) == GROUP
    assert len(GROUP) == 21


@pytest.fixture
def stage(
    phone: Phone, video: Callable[..., str], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    made = Stage(phone, video, wire)

    def break_disk(number: int) -> None:
        def fail(*_: object) -> int:
            raise OSError(number, "broken by a test")

        monkeypatch.setattr(Folder, "create", fail)

    made.break_disk = break_disk
    made.stand_in = StandIn()
    with made.stand_in.server:
        yield made


@pytest.mark.behaviour("B1", "B2", "B3", "B4", "B5", "B12", "B13", "B14", "B23")
@pytest.mark.behaviour("B37", "B38", "B39", "B40")
@pytest.mark.parametrize("code", sorted(GROUP), ids=lambda code: code.name)
def test_the_number_comes_out(stage: Stage, code: ErrorCode) -> None:
    assert SCENES[code](stage) is code
