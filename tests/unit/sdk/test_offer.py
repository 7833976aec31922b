"""What is offered follows from mode, streams and source, and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sdk.stand_in import VID, Refusal, StandIn, play_info

from vodseal import VidPlayerConfigGen
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, RequestError
from vodseal.sdk.offer import DownloadMode, choose_track, fetch_mode, fetch_offer, offered_media
from vodseal.sdk.transport import RpcClient

if TYPE_CHECKING:
    from vodseal.sdk.offer import Offer
    from vodseal.sdk.sources import Source

CLEAR: dict[str, Any] = {"Format": "mp4"}
HLS: dict[str, Any] = {"Format": "m3u8", "Encrypt": 1, "EncryptType": "HLSEncryption"}
PRIVATE: dict[str, Any] = {"Format": "m3u8", "Encrypt": 1, "EncryptType": "VodsealEncryption"}
DRM: dict[str, Any] = {"Format": "m3u8", "Encrypt": 1, "EncryptType": "AliyunVoDEncryption"}
ODD: dict[str, Any] = {"Format": "flv"}


def offer_of(
    stand_in: StandIn, mode: str, *streams: dict[str, Any], source: Source | None = None
) -> Offer:
    infos = [play_info(stand_in, number=n, **stream) for n, stream in enumerate(streams)]
    stand_in.offer(mode, *infos)
    source = source or stand_in.sts()
    with RpcClient.for_source(source) as client:
        return fetch_offer(client, source, sealing=True)


def indexes(offer: Offer, source: Source) -> list[int]:
    return [track.index for track in offered_media(offer, source).tracks]


@pytest.mark.behaviour("B41")
@pytest.mark.parametrize(("mode", "expected"), [("normal", [0]), ("secure", [0, 1])])
def test_hls_encryption_is_for_secure_mode(
    stand_in: StandIn, mode: str, expected: list[int]
) -> None:
    assert indexes(offer_of(stand_in, mode, CLEAR, HLS, DRM), stand_in.sts()) == expected


@pytest.mark.behaviour("B41")
def test_only_hls_encryption_in_normal_mode_is_no_item(stand_in: StandIn) -> None:
    with pytest.raises(DownloadError) as caught:
        indexes(offer_of(stand_in, "normal", HLS), stand_in.sts())
    assert caught.value.code is ErrorCode.NO_DOWNLOAD_ITEM
    assert "secure" in caught.value.remedy


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize("mode", ["normal", "secure"])
def test_privately_encrypted_streams_are_for_both_modes(stand_in: StandIn, mode: str) -> None:
    offer = offer_of(stand_in, mode, PRIVATE)
    assert indexes(offer, stand_in.sts()) == [0]
    assert choose_track(offer, stand_in.sts(), 0).encrypt_type == "VodsealEncryption"


@pytest.mark.behaviour("B40")
@pytest.mark.parametrize("kind", ["AliyunVoDEncryption", "vodsealencryption", "Widevine", ""])
def test_any_other_encryption_is_not_supported(stand_in: StandIn, kind: str) -> None:
    offer = offer_of(stand_in, "secure", DRM | {"EncryptType": kind})
    with pytest.raises(DownloadError) as caught:
        offered_media(offer, stand_in.sts())
    assert caught.value.code is ErrorCode.ENCRYPTION_NOT_SUPPORT
    with pytest.raises(DownloadError) as caught:
        choose_track(offer, stand_in.sts(), 0)
    assert caught.value.code is ErrorCode.ENCRYPTION_NOT_SUPPORT


@pytest.mark.behaviour("B12")
def test_off_means_off(stand_in: StandIn) -> None:
    with pytest.raises(DownloadError) as caught:
        offer_of(stand_in, "off", CLEAR)
    assert caught.value.code is ErrorCode.DOWNLOAD_SWITCH_OFF
    assert caught.value.request_id == "R-1"
    assert stand_in.asked == ["GetDownloadPolicy"]


@pytest.mark.parametrize("code", ["InvalidAction.NotFound", "InvalidApi.NotFound"])
def test_a_service_without_the_question_is_secure_or_nothing(stand_in: StandIn, code: str) -> None:
    stand_in.actions["GetDownloadPolicy"] = Refusal(code=code, status=404)
    with RpcClient.for_source(stand_in.sts()) as client:
        assert fetch_mode(client, VID, sealing=True) is DownloadMode.SECURE
        with pytest.raises(DownloadError) as caught:
            fetch_mode(client, VID, sealing=False)
    assert caught.value.code is ErrorCode.DOWNLOAD_SWITCH_OFF
    assert "init_service" in caught.value.remedy


def test_an_unknown_mode_is_not_guessed_at(stand_in: StandIn) -> None:
    with pytest.raises(RequestError) as caught:
        offer_of(stand_in, "open", CLEAR)
    assert caught.value.code is ErrorCode.SERVER_WRONG_JSON


@pytest.mark.behaviour("B53")
def test_a_preview_is_refused_before_anything_is_asked(stand_in: StandIn) -> None:
    config = VidPlayerConfigGen()
    config.set_preview_time(30)
    with pytest.raises(DownloadError) as caught:
        offer_of(stand_in, "normal", CLEAR, source=stand_in.sts(play_config=config.generate()))
    assert caught.value.code is ErrorCode.NO_DOWNLOAD_ITEM
    assert stand_in.asked == []


@pytest.mark.behaviour("B39")
def test_the_sources_format_limits_the_tracks_and_keeps_their_index(stand_in: StandIn) -> None:
    offer = offer_of(stand_in, "secure", CLEAR, HLS, CLEAR)
    assert indexes(offer, stand_in.sts(format="m3u8")) == [1]
    assert indexes(offer, stand_in.sts(format="mp4")) == [0, 2]
    with pytest.raises(DownloadError) as caught:
        offered_media(offer, stand_in.sts(format="flv"))
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT


@pytest.mark.behaviour("B2", "B39")
@pytest.mark.parametrize(
    ("index", "code"),
    [
        (0, None),
        (1, ErrorCode.NOT_SUPPORT_FORMAT),
        (2, ErrorCode.INVALID_ITEM),
        (3, ErrorCode.INVALID_ITEM),
        (-1, ErrorCode.INVALID_ITEM),
    ],
    ids=["offered", "flv", "filtered out", "beyond", "negative"],
)
def test_a_track_is_chosen_by_its_index(
    stand_in: StandIn, index: int, code: ErrorCode | None
) -> None:
    offer = offer_of(stand_in, "secure", CLEAR, ODD, HLS)
    source = stand_in.sts(format="mp4")
    if code is None:
        assert choose_track(offer, source, index).index == index
        return
    with pytest.raises(DownloadError) as caught:
        choose_track(offer, source, index)
    assert caught.value.code is code


@pytest.mark.behaviour("B3")
def test_a_video_without_streams_is_no_item(stand_in: StandIn) -> None:
    with pytest.raises(DownloadError) as caught:
        offered_media(offer_of(stand_in, "secure"), stand_in.sts())
    assert caught.value.code is ErrorCode.NO_DOWNLOAD_ITEM
