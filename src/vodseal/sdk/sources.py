"""What is to be downloaded, and by which credential (client-surface 1.5, B42).

Two kinds, and no other: a video by a temporary key (``VidSts``), or by a play
credential (``VidAuth``). Both can be kept in a source file (design 5), which is
as secret as the credential in it.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, OperatorError, RequestError
from vodseal.media.tracks import TrackFilter
from vodseal.rpc import play_auth as play_auth_codec
from vodseal.rpc.codec import decode_json, encode_json
from vodseal.rpc.signing_v1 import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Source", "VidAuth", "VidSts", "source_from_json", "source_to_json"]

_REGION: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_SAME_HOST: Final = {"cn-hangzhou": "cn-shanghai"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VidSource:
    """What both kinds share. Comma lists are texts, as the vendor's.

    ``endpoint`` is the address of a service of one's own; without it, the
    region chooses a host of the vendor's cloud. The filters are applied here,
    not by the service, so that a track's index does not depend on them.
    """

    vid: str = ""
    region: str = "cn-shanghai"
    endpoint: str | None = None
    play_config: str = field(default="", repr=False)
    format: str = ""
    definitions: str = ""
    quality: str = ""
    force_quality: bool = False
    auth_timeout: int | None = None
    result_type: str = ""
    re_auth_info: str = field(default="", repr=False)
    stream_type: str = ""
    output_type: str = ""
    cover_url: str = ""
    title: str = ""

    def track_filter(self) -> TrackFilter:
        """Return which of a video's tracks this source asks for (B39)."""
        return TrackFilter(
            formats=tuple(self.format.split(",")),
            definitions=tuple(self.definitions.split(",")),
            stream_types=tuple(self.stream_type.split(",")),
            quality=self.quality,
            force_quality=self.force_quality,
        )

    def is_preview(self) -> bool:
        """Return whether only a preview is asked for, which is never saved (B53)."""
        return bool(self._play_config().get("PreviewTime"))

    def hls_uri_token(self) -> str:
        """Return the token for the key server, or nothing."""
        token = self._play_config().get("MtsHlsUriToken", "")
        return token if isinstance(token, str) else ""

    def _play_config(self) -> Mapping[str, Any]:
        try:
            return decode_json(self.play_config) if self.play_config else {}
        except ValueError:
            return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class VidSts(VidSource):
    """A video by a temporary key: AssumeRole's three values, and when they end.

    ``expiration`` is AssumeRole's text, such as ``2026-01-02T03:04:05Z``. With it, a
    credential provider is asked in time; without it, when the key is refused.
    """

    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    expiration: str = ""

    def credential(self) -> Credential:
        """Return the key.

        Raises:
            DownloadError: ``STS_SOURCE_NULL``: a value is missing (B4).
        """
        if not (self.vid and self.access_key_id and self.access_key_secret):
            raise DownloadError(
                ErrorCode.STS_SOURCE_NULL, "The STS source lacks its vid, key id or key secret."
            )
        return Credential(
            access_key_id=self.access_key_id,
            access_key_secret=self.access_key_secret,
            security_token=self.security_token,
        )

    def auth_info(self) -> str:
        """Return nothing: that belongs to the other kind."""
        return ""

    def endpoint_url(self) -> str:
        """Return the address of the service.

        Raises:
            RequestError: ``REQUEST_FAIL``: the region is not a name.
        """
        return self.endpoint or _cloud_endpoint(self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class VidAuth(VidSource):
    """A video by the play credential that was issued for it."""

    play_auth: str = field(default="", repr=False)

    def credential(self) -> Credential:
        """Return the key inside the play credential.

        Raises:
            DownloadError: ``AUTH_SOURCE_NULL``: a value is missing (B4);
                ``AUTH_SOURCE_WRONG``: not a play credential (B5).
        """
        return self._decoded().credential

    def auth_info(self) -> str:
        """Return what goes back to the service unchanged. Raises as ``credential``."""
        return self._decoded().auth_info

    def endpoint_url(self) -> str:
        """Return the address of the service.

        Without ``endpoint``, the region inside the play credential chooses the
        host, over the source's own, as in the vendor's players (wire 9).

        Raises:
            DownloadError: As ``credential``.
            RequestError: ``REQUEST_FAIL``: the region is not a name.
        """
        return self.endpoint or _cloud_endpoint(self._decoded().region or self.region)

    def _decoded(self) -> play_auth_codec.PlayAuth:
        if not (self.vid and self.play_auth):
            raise DownloadError(
                ErrorCode.AUTH_SOURCE_NULL, "The auth source lacks its vid or its play_auth."
            )
        try:
            return play_auth_codec.decode(self.play_auth)
        except RequestError as error:
            raise DownloadError(ErrorCode.AUTH_SOURCE_WRONG, error.message) from None


Source: TypeAlias = VidSts | VidAuth

_KINDS: Final[Mapping[str, type[VidSts | VidAuth]]] = {"sts": VidSts, "auth": VidAuth}


def _cloud_endpoint(region: str) -> str:
    if _REGION.fullmatch(region) is None:
        raise RequestError(ErrorCode.REQUEST_FAIL, "The source's region is not a region's name.")
    return f"https://vod.{_SAME_HOST.get(region, region)}.aliyuncs.com"


def source_to_json(source: Source) -> str:
    """Return the text of a source file. It holds the credential."""
    kind = "sts" if isinstance(source, VidSts) else "auth"
    values: dict[str, object] = {"kind": kind}
    for item in fields(source):
        value = getattr(source, item.name)
        if value != item.default or item.name == "region":
            values[item.name] = value
    with contextlib.suppress(ValueError):  # a play config that is no object stays a text
        values["play_config"] = decode_json(source.play_config)
    return encode_json(values)


def source_from_json(text: str) -> Source:
    """Return the source in a source file.

    ``play_config`` may be an object or, as in a source, a JSON text.

    Raises:
        OperatorError: ``INPUT_FILE_UNUSABLE``; no value is in the message.
    """
    try:
        values = decode_json(text)
    except ValueError:
        raise _unusable("it is not a JSON object") from None
    model = _KINDS.get(str(values.pop("kind", "")))
    if model is None:
        raise _unusable('its "kind" is neither "sts" nor "auth"')
    config = values.get("play_config")
    if isinstance(config, dict):
        values["play_config"] = encode_json(config)
    types = {item.name: str(item.type) for item in fields(model)}
    for name, value in values.items():
        if name not in types:
            raise _unusable(f"it has no use for {name[:32]!r}")
        if not _fits(types[name], value):
            raise _unusable(f"the value of {name!r} has the wrong type")
    return model(**values)


def _fits(annotation: str, value: object) -> bool:
    if value is None:
        return annotation.endswith("| None")
    expected: type = {"bool": bool, "int": int}.get(annotation.split(" ", maxsplit=1)[0], str)
    return type(value) is expected


def _unusable(reason: str) -> OperatorError:
    return OperatorError(
        ErrorCode.INPUT_FILE_UNUSABLE,
        f"The source file cannot be used: {reason}.",
        remedy="Write one with: vodseal credentials sts, or: vodseal credentials play-auth VID.",
    )
