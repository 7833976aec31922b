"""What can go wrong with one answer, wherever: repaired, or a named error. Never silent."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.behaviours.fault_server import FAULTS, FaultServer
from tests.behaviours.fault_table import PLACES, REPAIRED, TABLE, TOLD, Row
from tests.certificates import make_certificate
from tests.integration.download.hls_film import packets_of

from vodseal.download.retry import RetryPolicy
from vodseal.error_codes import ErrorCode
from vodseal.player.session import open_sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.behaviours.house import House
    from tests.behaviours.phone import Ear, Phone

    from vodseal import MediaDownloader

    Packets = list[tuple[object, ...]]

ROOT = Path(__file__).parents[2]
QUICK = RetryPolicy(network_attempts=3, first_pause=0.01, longest_pause=0.02)
CELLS = [
    pytest.param(row, place, always, id=f"{row.fault}-{place}-{'always' if always else 'once'}")
    for row in TABLE
    for place in PLACES
    for always in (False, True)
]


@pytest.fixture
def faulty(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    for module in ("task", "small_fetch"):
        monkeypatch.setattr(f"vodseal.download.{module}.RetryPolicy", lambda: QUICK)
    make_certificate(tmp_path / "untrusted.pem")
    with FaultServer(house.endpoint, tmp_path / "untrusted.pem") as server:
        yield server


@pytest.fixture(scope="session")
def pictures() -> dict[str, Packets]:
    """What the film is, once it was downloaded without any fault."""
    return {}


def packets(downloader: MediaDownloader) -> Packets:
    with open_sealed(downloader.get_file_path()) as session, session.open_reader() as film:
        return packets_of(film.read())


@pytest.fixture
def right(phone: Phone, video: Callable[..., str], pictures: dict[str, Packets]) -> Packets:
    if not pictures:
        phone.download(phone.house.sts(video("middle")))
        pictures["middle"] = packets(phone.downloaders[-1])
        phone.downloaders[-1].delete_file()
    return pictures["middle"]


def begin(
    phone: Phone, video: Callable[..., str], faulty: FaultServer, *, slow: bool
) -> tuple[MediaDownloader, Ear]:
    downloader, ear = phone.downloader(network_timeout_ms=2500 if slow else 15_000)
    downloader.select_item(0)
    source = phone.house.sts(video("middle"))
    downloader.update_source(replace(source, endpoint=faulty.server.url))
    downloader.start()
    assert downloader.wait(120)
    return downloader, ear


@pytest.mark.parametrize(("row", "place", "always"), CELLS)
def test_every_cell_comes_out_as_the_table_says(
    phone: Phone,
    video: Callable[..., str],
    faulty: FaultServer,
    right: Packets,
    *,
    row: Row,
    place: str,
    always: bool,
) -> None:
    faulty.signs = place != "unsigned segment"
    faulty.plan(row.fault, place.rpartition(" ")[2], always=always)
    slow = row.fault in {"stall", "slow loris"}
    downloader, ear = begin(phone, video, faulty, slow=slow)
    expected = row.outcome(place, always=always)
    if expected in {REPAIRED, TOLD}:
        assert downloader.last_error is None
        assert bool(downloader.unchecked) is (not faulty.signs)
        assert (packets(downloader) == right) is (expected == REPAIRED)
        return
    assert downloader.last_error is not None
    assert downloader.last_error.code is ErrorCode[expected]
    assert downloader.last_error.remedy
    assert "auth_key" not in str(downloader.last_error)
    assert not list(phone.save_dir.glob("*_*.vseal"))
    faulty.mend()
    ear.forget()
    downloader.start()
    ear.wait_for("completed")
    assert packets(downloader) == right


def test_the_table_has_every_fault() -> None:
    assert [row.fault for row in TABLE] == [*FAULTS, "TLS failure"]


def test_the_page_shows_the_table() -> None:
    script = runpy.run_path(str(ROOT / "scripts/faults"))
    page = (ROOT / "docs/explanation/faults.md").read_text()
    assert script["page"](page) == page
