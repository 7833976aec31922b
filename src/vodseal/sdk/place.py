"""Where a download lies, or will lie, on disk (B31).

What is on disk says it best: a job knows its format and mode, also in another
process (B25). Before there is a job, what prepare learned says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.download.files import final_path
from vodseal.download.index import JobStore
from vodseal.download.job import Identity
from vodseal.errors import VodsealError
from vodseal.sdk.offer import DownloadMode

if TYPE_CHECKING:
    from vodseal.sdk.offer import Offer

__all__ = ["Place", "find_place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An identity, and in which mode it is saved."""

    identity: Identity
    secure: bool

    @property
    def path(self) -> str:
        """Return the absolute path of the finished file."""
        return final_path(self.identity, secure=self.secure)


def find_place(save_dir: str, vid: str, index: int, offer: Offer | None) -> Place | None:
    """Return the place of a video's track; None while nobody knows its format."""
    try:
        entry = JobStore.find(save_dir, vid, index)
        if entry is not None:
            return Place(identity=entry.identity, secure=entry.secure)
        track = offer.media.track(index) if offer and offer.media.video_id == vid else None
        if offer is None or track is None:
            return None
        identity = Identity(save_dir=save_dir, vid=vid, format=track.vod_format, index=index)
    except VodsealError:  # what cannot be read or named has no place
        return None
    return Place(identity=identity, secure=offer.mode is DownloadMode.SECURE)
