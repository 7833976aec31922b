"""GetVideoPlayAuth, GetPlayInfo, CreateHlsUriToken (wire 5.1 to 5.3, 9, 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.container.keys import hkdf_expand
from vodseal.errors import RpcError
from vodseal.rpc.hls_token import NONCE_SIZE, HlsToken, make_token
from vodseal.rpc.messages.play import VideoMeta
from vodseal.rpc.play_auth import AuthInfo, PlayAuth, encode, make_auth_info
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import Credential
from vodseal.service.actions.operator import new_session
from vodseal.service.authn import auth_info_key
from vodseal.service.catalog import find_video, streams_of
from vodseal.service.lifecycle import Status
from vodseal.service.play_info import StreamFilter, choose_streams, url_signature
from vodseal.service.service_settings import SETTINGS, read_settings, settings_in
from vodseal.service.session_tokens import SessionKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vodseal.service.context import ServiceContext
    from vodseal.service.database.models import Stream, Video
    from vodseal.service.runtime import Call, Service

__all__ = ["create_hls_uri_token", "get_play_info", "get_video_play_auth", "hls_token_key"]

_LEAST_AUTH_SECONDS: Final = 100
_MOST_AUTH_SECONDS: Final = 3000
_SESSION_SECONDS: Final = 86_400
"""Beyond the AuthInfo's end, so that its end is what a late client is told."""


async def get_video_play_auth(service: Service, call: Call) -> Mapping[str, object]:
    """Return a play credential for one video.

    Raises:
        RpcError: ``InvalidVideo.NotFound``, ``Forbidden.IllegalStatus``,
            ``InvalidParameter.AuthInfoTimeout``.
    """
    context = service.context
    seconds = call.parameters.integer(
        "AuthInfoTimeout",
        default=_LEAST_AUTH_SECONDS,
        least=_LEAST_AUTH_SECONDS,
        most=_MOST_AUTH_SECONDS,
    )
    async with context.reads.begin() as session:
        video = await find_video(session, call.parameters)
    if video.status != Status.NORMAL:
        raise RpcError("Forbidden.IllegalStatus")
    user_name = call.parameters.text("UserName", max_length=64) or call.caller.name
    credential, token = new_session(
        context,
        SessionKind.PLAY,
        call.now + _SESSION_SECONDS,
        name=user_name,
        resource=video.id,
    )
    info = AuthInfo(media_id=video.id, caller=call.caller.name, expires_at=call.now + seconds)
    meta = VideoMeta(
        video_id=video.id,
        title=video.title,
        duration=round(video.duration, 4),
        cover_url=video.cover_url,
        status=video.status,
    )
    play_auth = PlayAuth(
        credential=Credential(
            access_key_id=credential.key_id,
            access_key_secret=credential.secret,
            security_token=token,
        ),
        auth_info=make_auth_info(auth_info_key(context), info),
        region="cn-shanghai",
        video_meta=meta,
    )
    return {
        "PlayAuth": encode(play_auth),
        "VideoMeta": {
            "VideoId": video.id,
            "Title": video.title,
            "Duration": meta.duration,
            "CoverURL": video.cover_url,
            "Status": video.status,
        },
    }


async def get_play_info(service: Service, call: Call) -> Mapping[str, object]:
    """Return the streams of a video, each with a signed URL, in their stable order.

    Raises:
        RpcError: ``InvalidVideo.NotFound``, ``Forbidden.IllegalStatus``,
            ``InvalidVideo.NoneStream``, ``Forbidden.VodsealEncryption``,
            ``InvalidParameter.*``.
    """
    context = service.context
    wanted = StreamFilter.read(call.parameters)
    async with context.reads.begin() as session:
        video = await find_video(session, call.parameters)
        streams = await streams_of(session, video.id)
        settings = await settings_in(session)
    if video.status != Status.NORMAL:
        raise RpcError("Forbidden.IllegalStatus")
    chosen = choose_streams(streams, wanted)
    end = int(call.now) + (wanted.auth_seconds or int(settings["url-auth-seconds"]))
    return {
        "VideoBase": _video_base(video),
        "PlayInfoList": {"PlayInfo": _play_infos(context, call, chosen, wanted, end)},
    }


async def create_hls_uri_token(service: Service, call: Call) -> Mapping[str, object]:
    """Return a token for the key endpoint; one for every video is the operator's to make.

    Raises:
        RpcError: ``InvalidVideo.NotFound``, ``NoPermission``, ``InvalidParameter.Timeout``.
    """
    context = service.context
    rule = SETTINGS["hls-token-seconds"]
    seconds = call.parameters.integer("Timeout", default=0, least=1, most=rule.most)
    if not seconds:
        seconds = int((await read_settings(context))["hls-token-seconds"])
    video_id = ""
    if call.parameters.text("VideoId"):
        async with context.reads.begin() as session:
            video_id = (await find_video(session, call.parameters)).id
    elif call.caller.session is not None:
        raise RpcError("NoPermission")
    token = HlsToken(
        expires_at=int(call.now) + seconds, nonce=context.random(NONCE_SIZE), video_id=video_id
    )
    return {"MtsHlsUriToken": make_token(hls_token_key(context), token)}


def hls_token_key(context: ServiceContext) -> bytes:
    """Return the key that authenticates HLS tokens."""
    return hkdf_expand(context.keys.tokens, b"vodseal1/hls-token-key\0")


def _video_base(video: Video) -> dict[str, object]:
    return {
        "VideoId": video.id,
        "Title": video.title,
        "Duration": f"{video.duration:.4f}",
        "CoverURL": video.cover_url,
        "Status": video.status,
        "CreationTime": format_time(video.created_at),
        "MediaType": video.media_type,
        "StorageClass": "Standard",
    }


def _play_infos(
    context: ServiceContext,
    call: Call,
    streams: Sequence[Stream],
    wanted: StreamFilter,
    end: int,
) -> list[dict[str, object]]:
    infos: list[dict[str, object]] = []
    for stream in streams:
        info: dict[str, object] = {
            "PlayURL": call.base_url
            + url_signature(f"/{stream.entry_key}", context.keys.urls, end, wanted),
            "Format": stream.format,
            "Definition": stream.definition,
            "StreamType": stream.stream_type,
            "Status": stream.status,
            "Encrypt": int(stream.encrypt_type is not None),
            "Size": stream.size,
            "Width": stream.width,
            "Height": stream.height,
            "Duration": f"{stream.duration:.4f}",
            "Bitrate": f"{stream.bitrate_kbps:.3f}",
            "Fps": f"{stream.fps:g}",
            "JobId": stream.id,
            "CreationTime": format_time(stream.created_at),
            "ModificationTime": format_time(stream.modified_at),
            "Specification": stream.specification,
            "NarrowBandType": "0",
            "BitDepth": stream.bit_depth,
            "CodecName": stream.codec_name,
        }
        if stream.encrypt_type is not None:
            info["EncryptType"] = stream.encrypt_type
        infos.append(info)
    return infos
