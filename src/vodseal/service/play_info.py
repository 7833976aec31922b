"""Which streams a GetPlayInfo asks for, and the URLs it gets (wire 5.2, 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from vodseal.errors import RpcError
from vodseal.media.encryption import EncryptType
from vodseal.rpc.url_auth import sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodseal.service.database.models import Stream
    from vodseal.service.parameters import Parameters

__all__ = ["GATE_SECONDS", "StreamFilter", "choose_streams", "url_signature"]

GATE_SECONDS: Final = 1800
"""How long the gate takes a URL after its timestamp: the vendor's default, which a
CDN in front can be set to as well. Other lifetimes are made by moving the timestamp."""

_FORMATS: Final = frozenset({"mp4", "m3u8", "mp3", "mpd", "flv"})
_TYPES: Final = frozenset({"video", "audio"})
_ENCRYPT_TYPES: Final = frozenset({"Unencrypted", "AliyunVoDEncryption", *EncryptType})
_MAX_AUTH_SECONDS: Final = 2_592_000
_WORD: Final = re.compile(r"[0-9A-Za-z_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFilter:
    """What a request asks for. Empty means all."""

    formats: frozenset[str]
    definitions: frozenset[str]
    types: frozenset[str]
    encrypt_type: str
    only_newest: bool
    auth_seconds: int
    hls_token: str = field(repr=False)
    rand: str
    uid: str

    @classmethod
    def read(cls, parameters: Parameters) -> StreamFilter:
        """Return the filter that ``parameters`` make.

        Raises:
            RpcError: ``InvalidParameter.*``.
        """
        play_config = parameters.json_object("PlayConfig")
        re_auth = parameters.json_object("ReAuthInfo")
        encrypt_type = _text(play_config, "EncryptType")
        if encrypt_type not in _ENCRYPT_TYPES:
            raise RpcError("InvalidParameter.PlayConfig")
        formats = _known(parameters, "Formats", _FORMATS)
        if parameters.choice("OutputType", frozenset({"cdn", "oss"}), default="cdn") == "oss":
            formats = (formats or _FORMATS) & {"mp4"}  # storage URLs play nothing else
        result = parameters.choice(
            "ResultType", frozenset({"Single", "Multiple"}), default="Single"
        )
        words = [_text(re_auth, name) or "0" for name in ("rand", "uid")]
        if not all(_WORD.fullmatch(word) for word in words):
            raise RpcError("InvalidParameter.ReAuthInfo")
        return cls(
            formats=formats,
            definitions=frozenset(name.upper() for name in parameters.names("Definition")),
            types=_known(parameters, "StreamType", _TYPES),
            encrypt_type=encrypt_type,
            only_newest=result == "Single",
            auth_seconds=parameters.integer(
                "AuthTimeout", default=0, least=1, most=_MAX_AUTH_SECONDS
            ),
            hls_token=_text(play_config, "MtsHlsUriToken"),
            rand=words[0],
            uid=words[1],
        )

    def takes(self, stream: Stream) -> bool:
        """Return whether ``stream`` is asked for."""
        return (
            (not self.formats or stream.format in self.formats)
            and (not self.definitions or stream.definition in self.definitions)
            and (not self.types or stream.stream_type in self.types)
            and (not self.encrypt_type or self.encrypt_type == _encryption(stream))
            and not (self.only_newest and _is_for_multiple_only(stream))
        )


def choose_streams(streams: Sequence[Stream], wanted: StreamFilter) -> list[Stream]:
    """Return the streams that are asked for, in the order given.

    ``Single`` leaves out the invisible ones, whose place a newer stream of the
    same definition and format has taken, and privately encrypted ones, which
    nothing plays that asks like that (SPEC rpc §10).

    Raises:
        RpcError: ``InvalidVideo.NoneStream``, ``Forbidden.VodsealEncryption``.
    """
    chosen = [stream for stream in streams if wanted.takes(stream)]
    if chosen:
        return chosen
    others = [stream for stream in streams if replace(wanted, only_newest=False).takes(stream)]
    if any(stream.encrypt_type == EncryptType.PRIVATE for stream in others):
        raise RpcError("Forbidden.VodsealEncryption")
    raise RpcError("InvalidVideo.NoneStream")


def url_signature(path: str, key: str, end: int, wanted: StreamFilter) -> str:
    """Return ``path`` with the query that opens it until ``end``."""
    signed = sign(path, key, signed_at=end - GATE_SECONDS, rand=wanted.rand, uid=wanted.uid)
    if wanted.hls_token and path.endswith(".m3u8"):
        signed += f"&MtsHlsUriToken={quote(wanted.hls_token, safe='')}"
    return signed


def _is_for_multiple_only(stream: Stream) -> bool:
    return stream.status != "Normal" or stream.encrypt_type == EncryptType.PRIVATE


def _encryption(stream: Stream) -> str:
    return stream.encrypt_type or "Unencrypted"


def _known(parameters: Parameters, name: str, known: frozenset[str]) -> frozenset[str]:
    names = frozenset(item.lower() for item in parameters.names(name))
    if names - known:
        raise RpcError(f"InvalidParameter.{name}")
    return names


def _text(members: dict[str, object], name: str) -> str:
    value = members.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) else ""
