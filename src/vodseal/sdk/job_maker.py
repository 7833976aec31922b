"""From a track to the job that the engine runs: playlist, transport keys, digests.

What is fetched here is small, and is fetched anew at every start, so that URLs
and tokens are fresh; pieces that are staged keep their identity (B21, B38).

Keys of an HLS stream are asked for with the source's MtsHlsUriToken, unless the
service has written one into the key's URI already (wire 10). That of a privately
encrypted stream comes from a license; all of it has to be under this key. Segment digests
count only when the service signed them with a key that the app's security file
lists; without a security file there is nobody to trust, and none are used.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, urlsplit

from vodseal.credential.envelope import EnvelopeType
from vodseal.download.job import JobSpec, SourceKind
from vodseal.download.plan import RANGE_SIZE, hls_segments, key_uris, ranges_segment
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FormatError, PlaylistError, RequestError
from vodseal.license.digests import DIGEST_SIZE, open_digests
from vodseal.media.uris import license_uri
from vodseal.sdk.mirrors import with_mirrors
from vodseal.sdk.playlists import PLAYLIST, MediaAddresses, not_a_playlist
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from vodseal.credential.trust import VerificationKeys
    from vodseal.download.addresses import Urls
    from vodseal.download.job import SegmentSpec
    from vodseal.license.digests import SegmentDigests
    from vodseal.media.playlist import MediaPlaylist
    from vodseal.media.tracks import MediaInfo, TrackInfo
    from vodseal.sdk.playlists import SmallFetcher, UrlConverter
    from vodseal.sdk.sources import Source
    from vodseal.sdk.transport import RpcClient

__all__ = ["JobMaker"]

_TOKEN: Final = "MtsHlsUriToken"  # noqa: S105 - the name of a parameter
_NO_DIGESTS: Final = "NoSuchResource"
_KEY_SIZE: Final = 16
_CONTENT_TYPES: Final = {"mp3": "audio/mpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMaker:
    """What it takes to make the job of one track."""

    client: RpcClient
    fetcher: SmallFetcher
    source: Source
    media: MediaInfo
    track: TrackInfo
    trust: VerificationKeys | None
    """Whose digests count; None: nobody's."""

    convert: UrlConverter | None
    transport_key: bytes | None = field(default=None, repr=False)
    """The key of a privately encrypted stream; None for every other one."""

    def make(self, download_id: bytes, *, secure: bool) -> JobSpec:
        """Return the job.

        Raises:
            DownloadError: ``URL_CANNOT_REACH``, ``NET_ERROR``, ``GET_AES_KEY_FAIL``,
                ``ENCRYPTION_NOT_SUPPORT``, ``NOT_SUPPORT_FORMAT`` for what is no
                media playlist, ``ENCRYPT_ERROR`` for digests that do not verify.
            RequestError: The service refused, or did not answer.
        """
        track = self.track
        is_playlist = track.vod_format == PLAYLIST
        segments = (
            self._playlist_segments()
            if is_playlist
            else (
                ranges_segment(
                    track.vod_play_url,
                    size=track.vod_file_size or None,
                    convert=self._addresses.converter(track.vod_format),
                ),
            )
        )
        digests = self._digests(0 if is_playlist else RANGE_SIZE)
        return JobSpec(
            kind=SourceKind.HLS if is_playlist else SourceKind.RANGES,
            download_id=download_id,
            secure=secure,
            segments=segments,
            digest_algorithm=None if digests is None else int(digests.algorithm),
            digests=() if digests is None else _split(digests.digests),
            digests_root=None if digests is None else digests.root,
            title=self.source.title or self.media.title,
            duration_ms=track.duration_ms or self.media.duration,
            content_type=_CONTENT_TYPES.get(track.vod_format, "video/mp4"),
            size=track.vod_file_size or None,
        )

    def mirrors(self) -> Urls:
        """Return what is known of the segments' URLs on other servers, which is nothing of HLS.

        A playlist on another server is fetched when this one fails.
        """
        others = with_mirrors(self.media, self.track)[1:]
        if self.track.vod_format == PLAYLIST:
            return (None,) * len(others)
        convert = self._addresses.converter(self.track.vod_format)
        return tuple((ranges_segment(one.vod_play_url, convert=convert).url,) for one in others)

    def _playlist_segments(self) -> tuple[SegmentSpec, ...]:
        playlist = self._playlist()
        try:
            keys = self._transport_keys(playlist)
        except PlaylistError as error:
            raise not_a_playlist(error) from error
        return hls_segments(playlist, keys, convert=self._addresses.converter(""))

    def _playlist(self) -> MediaPlaylist:
        """Return the playlist, from the first server that gives one."""
        failures: list[DownloadError] = []
        for track in with_mirrors(self.media, self.track):
            try:
                return self._addresses.playlist(track.vod_play_url)
            except DownloadError as error:
                if error.code is ErrorCode.INTERRUPTED:
                    raise
                failures.append(error)
        raise failures[0]

    @property
    def _addresses(self) -> MediaAddresses:
        return MediaAddresses(fetcher=self.fetcher, convert=self.convert)

    def _transport_keys(self, playlist: MediaPlaylist) -> dict[str, bytes]:
        """Return the key of each key URI; a private stream has one key for all of it."""
        uris = key_uris(playlist)
        if self.transport_key is None:
            if playlist.needs_license():
                raise _not_as_declared()
            return {uri: self._transport_key(uri) for uri in uris}
        name = license_uri(self.track.job_id)
        if uris != (name,) or playlist.has_clear_parts():
            raise _not_as_declared()
        return {name: self.transport_key}

    def _transport_key(self, uri: str) -> bytes:
        try:
            key = self.fetcher.get(_with_token(uri, self.source.hls_uri_token()), limit=_KEY_SIZE)
        except DownloadError as error:
            raise type(error)(
                ErrorCode.GET_AES_KEY_FAIL, f"The key server gave no key: {error.message}"
            ) from error
        if len(key) != _KEY_SIZE:
            raise DownloadError(
                ErrorCode.GET_AES_KEY_FAIL, f"The key server gave {len(key)} bytes, not 16"
            )
        return key

    def _digests(self, range_size: int) -> SegmentDigests | None:
        """Return the stream's digests; None where nobody that is trusted signed any."""
        keys = self.trust.for_type(EnvelopeType.SEGMENT_DIGESTS) if self.trust else {}
        if not keys or not self.track.job_id:
            return None
        try:
            answer = self.client.get_segment_digests(self.source.vid, self.track.job_id)
        except RequestError as error:
            if is_unknown_action(error) or error.server_code == _NO_DIGESTS:
                return None
            raise
        try:
            digests = open_digests(
                base64.b64decode(answer.manifest, validate=True),
                base64.b64decode(answer.digests, validate=True),
                keys,
                vid=self.source.vid,
                job_id=self.track.job_id,
            )
        except (FormatError, binascii.Error) as error:
            raise DownloadError(
                ErrorCode.ENCRYPT_ERROR, "The stream's digests are not what the service signed"
            ) from error
        return digests if digests.range_size == range_size else None


def _not_as_declared() -> DownloadError:
    message = "The stream's playlist is encrypted in another way than the service says"
    return DownloadError(ErrorCode.ENCRYPTION_NOT_SUPPORT, message)


def _split(digests: bytes) -> tuple[bytes, ...]:
    starts = range(0, len(digests), DIGEST_SIZE)
    return tuple(digests[start : start + DIGEST_SIZE] for start in starts)


def _with_token(uri: str, token: str) -> str:
    query = urlsplit(uri).query
    if not token or _TOKEN in parse_qs(query):
        return uri
    return f"{uri}{'&' if query else '?'}{_TOKEN}={quote(token, safe='')}"
