"""A damaged download of every kind is made whole over a real service, by a part of what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vodseal.errors import LicenseMissingError, StoppedError
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.sdk.repair import FileRepair, RepairOutcome, RepairResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]


def frames(path: Path) -> int:
    with open_sealed(path) as session:
        return decode_to_nowhere(session).frames


def flip(path: Path, *places: int) -> None:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 1
    path.write_bytes(data)


def repair(house: House, path: Path, vid: str, *, stop: bool = False) -> RepairResult:
    return FileRepair(
        path=path,
        source=house.sts(vid),
        on_share=lambda what, share: None,
        should_stop=lambda: stop,
        clock=house.clock,
    ).run()


@pytest.mark.parametrize(
    "template", ["encrypted", "clear", "private-source", "cmaf-source", "private-cmaf-source"]
)
def test_a_damaged_file_is_mended(phone: Phone, house: House, video: Video, template: str) -> None:
    vid = video("long", template)
    path, _ = phone.download(house.sts(vid))
    whole, pictures = path.read_bytes(), frames(path)
    assert repair(house, path, vid).outcome is RepairOutcome.WHOLE
    assert path.read_bytes() == whole
    flip(path, 40, len(whole) // 2)
    done = repair(house, path, vid)
    assert (done.outcome, done.bad_size, done.reason) == (RepairOutcome.MENDED, 16384, "")
    in_one_range = template == "clear"
    assert 0 < done.received_bytes < len(whole) * (1.0 if in_one_range else 0.9)
    assert frames(path) == pictures
    assert repair(house, path, vid).outcome is RepairOutcome.WHOLE


def test_what_cannot_be_mended_is_the_next_download_s(
    phone: Phone, house: House, video: Video
) -> None:
    vid = video("long")
    path, _ = phone.download(house.sts(vid))
    pictures = frames(path)
    flip(path, path.stat().st_size - 3000)
    damaged = path.read_bytes()
    for _ in range(2):
        done = repair(house, path, vid)
        assert done.outcome is RepairOutcome.DOWNLOAD_NEEDED
        assert done.reason
    assert path.read_bytes() == damaged
    again, _ = phone.download(house.sts(vid))
    assert again == path
    assert frames(path) == pictures
    [held] = house.ask("ListLicenses", VideoId=vid, DownloadId=damaged[32:48].hex())["LicenseList"]
    assert held["Status"] == "Active", "the same license opens the new file"


def test_a_stop_and_another_app_change_nothing(
    phone: Phone, house: House, video: Video, new_app: Callable[[], App]
) -> None:
    vid = video("long")
    path, _ = phone.download(house.sts(vid))
    flip(path, path.stat().st_size // 2)
    damaged = path.read_bytes()
    with pytest.raises(StoppedError):
        repair(house, path, vid, stop=True)
    phone.load(new_app())
    with pytest.raises(LicenseMissingError):
        repair(house, path, vid)
    assert path.read_bytes() == damaged
