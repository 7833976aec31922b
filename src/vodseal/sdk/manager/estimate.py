"""What downloads will take, before they start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.sdk.manager.model import DownloadItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vodseal.media.tracks import TrackInfo

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What downloads will take. A size is that of the play info until a better one is known."""

    download_size: int
    """What is still to be fetched."""

    disk_size: int
    """What all of them take at once while they run: sealed pieces, and the files made of them."""

    free_size: int | None
    """What is free on the disk; None when nobody can tell."""

    fits: bool
    """Whether they fit, with the reserve of the rules left over."""

    unknown_count: int
    """How many of them nobody knows the size of; they count as nothing."""

    seconds: float | None
    """How long fetching takes, as fast as it goes or may go; None when nobody can tell."""


def estimate(
    what: Iterable[DownloadItem | TrackInfo],
    *,
    free_size: int | None,
    reserve_size: int,
    bytes_per_second: float | None,
) -> Estimate:
    """Return what downloads will take, of a queue or not yet in one."""
    download = disk = unknown = 0
    for one in what:
        if isinstance(one, DownloadItem):
            total, done, left = one.progress.total_size or 0, one.progress.done_size, one.left_size
        else:
            total, done, left = one.vod_file_size, 0, 2 * one.vod_file_size
        unknown += not total
        download += max(0, total - done)
        disk += left
    return Estimate(
        download_size=download,
        disk_size=disk,
        free_size=free_size,
        fits=free_size is None or free_size - disk >= reserve_size,
        unknown_count=unknown,
        seconds=download / bytes_per_second if bytes_per_second else None,
    )
