"""Fresh URLs for the pieces that a running download still lacks (B38, B51).

The service is asked for the play info again, with whatever credential is the
app's now, and the playlist is fetched again. What is staged or under way stays
as it is: only URLs change, and only when the playlist still names the very same
segments. The first remedy for a refused URL is to ask again with the same
credential; the second is to ask the app for another one.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from vodseal.download.addresses import Cause
from vodseal.download.job import SourceKind
from vodseal.download.plan import hls_segments, key_uris, ranges_segment
from vodseal.errors import VodsealError
from vodseal.media.tracks import media_info
from vodseal.sdk.credentials import CredentialReason
from vodseal.sdk.expiry import first_end
from vodseal.sdk.mirrors import with_mirrors
from vodseal.sdk.transport import RpcClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.download.addresses import Urls
    from vodseal.download.job import JobSpec, SegmentSpec
    from vodseal.media.tracks import TrackInfo
    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import LiveSource
    from vodseal.sdk.playlists import MediaAddresses

__all__ = ["RenewalParts", "SourceRenewer"]

_log = logging.getLogger(__name__)

_LEAD: Final = 60.0
"""Seconds before the end of a URL at which it is renewed."""
_SOME_KEY: Final = bytes(16)
"""In the place of every key: only URLs are wanted here."""
_LEAST_PAUSE: Final = 10.0
_PAUSE_AFTER_FAILURE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalParts:
    """What renewals work with."""

    live: LiveSource
    job: JobSpec
    index: int
    job_id: str
    """The stream, for ever; empty when the service does not say."""

    mirror_count: int
    config: DownloaderConfig
    addresses: MediaAddresses
    clock: Clock
    is_stopped: Callable[[], bool] = field(repr=False)


class SourceRenewer:
    """A ``Renewer``: asks the service, and the app where that is not enough."""

    def __init__(self, parts: RenewalParts) -> None:
        """The URLs of the job are the fresh ones now."""
        self._parts = parts
        self._version = parts.live.version
        self._urls: Urls = (tuple(segment.url for segment in parts.job.segments),)
        self._due_at = self._due()

    @property
    def is_due(self) -> bool:
        """Whether the source changed, or URLs end soon."""
        parts = self._parts
        return parts.live.version != self._version or parts.clock.now() >= self._due_at

    def renew(self, cause: Cause, *, again: bool) -> Urls | None:
        """Return fresh URLs, one tuple for each mirror; None when there are none."""
        parts = self._parts
        if again and cause is Cause.REFUSED:
            self._ask_app()
        fresh = self._fetched()
        if cause is Cause.REFUSED and not again and (fresh is None or fresh == self._urls):
            fresh = self._fetched() if self._ask_app() else None
        if fresh is None:
            self._due_at = parts.clock.now() + _PAUSE_AFTER_FAILURE
            return None
        self._urls = fresh
        self._due_at = self._due()
        return fresh

    def _ask_app(self) -> bool:
        return self._parts.live.ask(CredentialReason.REFUSED, self._parts.is_stopped)

    def _fetched(self) -> Urls | None:
        self._version = self._parts.live.version
        try:
            return self._fetch()
        except VodsealError as error:
            if not self._parts.is_stopped():
                _log.warning("Media URLs could not be renewed: 0x%08X", error.code)
            return None
        finally:
            self._version = self._parts.live.version

    def _fetch(self) -> Urls | None:
        parts = self._parts
        with RpcClient.for_live(
            parts.live, config=parts.config, cancelled=parts.is_stopped, clock=parts.clock
        ) as client:
            media = media_info(client.get_play_info(parts.live.current))
        track = media.track(parts.index)
        if track is None or (parts.job_id and track.job_id != parts.job_id):
            return None
        tracks = with_mirrors(media, track)[: parts.mirror_count]
        known = [self._urls_of(one, alone=len(tracks) == 1) for one in tracks]
        known += [None] * (parts.mirror_count - len(known))
        return tuple(known) if any(known) else None

    def _urls_of(self, track: TrackInfo, *, alone: bool) -> tuple[str, ...] | None:
        """Return the URL of each segment; None when this server does not give the same ones."""
        try:
            segments = self._segments_of(track)
        except VodsealError:
            if alone:
                raise
            return None
        if list(map(_identity, segments)) != list(map(_identity, self._parts.job.segments)):
            return None
        return tuple(segment.url for segment in segments)

    def _segments_of(self, track: TrackInfo) -> tuple[SegmentSpec, ...]:
        addresses = self._parts.addresses
        if self._parts.job.kind is SourceKind.RANGES:
            convert = addresses.converter(track.vod_format)
            return (ranges_segment(track.vod_play_url, convert=convert),)
        playlist = addresses.playlist(track.vod_play_url)
        keys = dict.fromkeys(key_uris(playlist), _SOME_KEY)
        return hls_segments(playlist, keys, convert=addresses.converter(""))

    def _due(self) -> float:
        """Return when URLs are to be renewed unasked; never, where nobody says when they end."""
        now = self._parts.clock.now()
        ends = [first_end((urls[0], urls[-1])) for urls in self._urls if urls]
        end = min((end for end in ends if end is not None), default=None)
        if end is None or end <= now:  # or one of the clocks is wrong: refusals will tell
            return math.inf
        return max(end - _LEAD, now + min(_LEAST_PAUSE, (end - now) / 2))


def _identity(segment: SegmentSpec) -> SegmentSpec:
    """Return what a segment is, without where it is today and what opens it."""
    return replace(segment, url="", key=None, size=None)
