"""What is set is there; what makes no sense is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vodseal import DownloaderConfig, MediaDownloader, Progress, State
from vodseal.sdk.downloader_setup import DownloaderSetup

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def downloader() -> Iterator[MediaDownloader]:
    yield MediaDownloader()
    MediaDownloader.set_convert_url_callback(None)


def test_a_new_one_is_idle_and_knows_nothing(downloader: MediaDownloader) -> None:
    assert downloader.state is State.IDLE
    assert downloader.progress == Progress()
    assert downloader.media_info is None
    assert downloader.last_error is None
    assert downloader.get_file_path() == ""
    assert downloader.wait(0)


def test_the_config_is_the_one_that_was_set(downloader: MediaDownloader) -> None:
    config = DownloaderConfig(connect_timeout_ms=1)
    downloader.set_downloader_config(config)
    assert downloader.get_downloader_config() is config


def test_a_relative_save_dir_is_fixed_when_it_is_set(
    downloader: MediaDownloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    downloader.set_save_dir("films")
    monkeypatch.chdir(os.sep)
    assert downloader._save_dir == str(tmp_path / "films")
    downloader.set_save_dir(Path("more"))
    assert downloader._save_dir == str(Path(os.sep, "more"))


@pytest.mark.behaviour("B44")
def test_the_downloaders_converter_goes_before_the_processs(downloader: MediaDownloader) -> None:
    def own(url: str, hint: str) -> str:
        return f"own {url} {hint}"

    def shared(url: str, hint: str) -> str:
        return f"shared {url} {hint}"

    assert downloader._url_converter() is None
    DownloaderSetup.set_convert_url_callback(shared)
    assert downloader._url_converter() is shared
    downloader.set_play_url_convert_callback(own)
    assert downloader._url_converter() is own
    downloader.set_play_url_convert_callback(None)
    DownloaderSetup.set_convert_url_callback(None)
    assert downloader._url_converter() is None
