"""The play config of a source (client-surface 1.5)."""

from __future__ import annotations

import json

import pytest

from vodseal.errors import MisuseError
from vodseal.rpc.messages.fields import from_wire
from vodseal.rpc.messages.play import PlayConfig
from vodseal.sdk.player_config import VidPlayerConfigGen


def test_it_makes_the_json_that_the_service_reads() -> None:
    maker = VidPlayerConfigGen()
    assert maker.generate() == "{}"
    maker.set_preview_time(20)
    maker.set_mts_hls_uri_token("t")
    maker.add_player_config("EncryptType", "HLSEncryption")
    maker.add_player_config("Number", 7)
    value = json.loads(maker.generate())
    assert value == {
        "PreviewTime": "20",
        "MtsHlsUriToken": "t",
        "EncryptType": "HLSEncryption",
        "Number": 7,
    }
    assert from_wire(PlayConfig, value) == PlayConfig(
        preview_time="20", mts_hls_uri_token="t", encrypt_type="HLSEncryption"
    )


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_preview_has_a_length(seconds: int) -> None:
    with pytest.raises(MisuseError):
        VidPlayerConfigGen().set_preview_time(seconds)


def test_it_shows_no_token() -> None:
    maker = VidPlayerConfigGen()
    maker.set_mts_hls_uri_token("geheim")
    assert "geheim" not in repr(maker)
