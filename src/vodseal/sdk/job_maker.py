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
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from urllib.parse import parse_qs, quote, urlsplit

from vodseal.credential.envelope import EnvelopeType
from vodseal.download.job import JobSpec, SourceKind
from vodseal.download.plan import RANGE_SIZE, hls_segments, key_uris, ranges_segment
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FormatError, PlaylistError, RequestError
from vodseal.license.digests import DIGEST_SIZE, open_digests
from vodseal.media.playlist import MAX_PLAYLIST_SIZE, parse_media
from vodseal.media.uris import license_uri
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.credential.trust import VerificationKeys
    from vodseal.download.job import SegmentSpec
    from vodseal.license.digests import SegmentDigests
    from vodseal.media.playlist import MediaPlaylist
    from vodseal.media.tracks import MediaInfo, TrackInfo
    from vodseal.sdk.sources import Source
    from vodseal.sdk.transport import RpcClient

__all__ = ["JobMaker", "SmallFetcher", "UrlConverter"]

_log = logging.getLogger(__name__)

UrlConverter: TypeAlias = "Callable[[str, str], str | None]"
"""Gets a media URL and its format ("m3u8", "mp4", or "" when unknown); returns the
URL to use in its place, or None for the URL as it is (B44)."""

_PLAYLIST: Final = "m3u8"
_TOKEN: Final = "MtsHlsUriToken"  # noqa: S105 - the name of a parameter
_NO_DIGESTS: Final = "NoSuchResource"
_KEY_SIZE: Final = 16
_CONTENT_TYPES: Final = {"mp3": "audio/mpeg"}


class SmallFetcher(Protocol):
    """Who fetches playlists and keys."""

    def get(self, url: str, *, limit: int) -> bytes:
        """Return the body, of at most ``limit`` bytes.

        Raises:
            DownloadError: ``URL_CANNOT_REACH`` or ``NET_ERROR``.
        """


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
        is_playlist = track.vod_format == _PLAYLIST
        segments = (
            self._playlist_segments()
            if is_playlist
            else (
                ranges_segment(
                    track.vod_play_url,
                    size=track.vod_file_size or None,
                    convert=self._converter(track.vod_format),
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

    def _playlist_segments(self) -> tuple[SegmentSpec, ...]:
        url = self.track.vod_play_url
        convert = self._converter(_PLAYLIST)
        text = self.fetcher.get(convert(url) if convert else url, limit=MAX_PLAYLIST_SIZE)
        try:
            playlist = parse_media(text, url)
            keys = self._transport_keys(playlist)
        except PlaylistError as error:
            raise DownloadError(
                ErrorCode.NOT_SUPPORT_FORMAT, f"The stream's playlist: {error.message}"
            ) from error
        return hls_segments(playlist, keys, convert=self._converter(""))

    def _transport_keys(self, playlist: MediaPlaylist) -> dict[str, bytes]:
        """Return the key of each key URI; a private stream has one key for all of it."""
        uris = key_uris(playlist)
        if self.transport_key is None:
            if playlist.needs_license():
                raise _not_as_declared()
            return {uri: self._transport_key(uri) for uri in uris}
        name = license_uri(self.track.job_id)
        if uris != (name,) or any(segment.key is None for segment in playlist.segments):
            raise _not_as_declared()
        return {name: self.transport_key}

    def _transport_key(self, uri: str) -> bytes:
        try:
            key = self.fetcher.get(_with_token(uri, self.source.hls_uri_token()), limit=_KEY_SIZE)
        except DownloadError as error:
            raise DownloadError(
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

    def _converter(self, hint: str) -> Callable[[str], str] | None:
        convert = self.convert
        if convert is None:
            return None

        def converted(url: str) -> str:
            try:
                return convert(url, hint) or url
            except Exception as error:  # noqa: BLE001 - the converter is the app's
                kind = type(error).__name__  # its text may hold the signed URL
                _log.error("A URL converter raised %s; the URL is used as it is", kind)
                return url

        return converted


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
