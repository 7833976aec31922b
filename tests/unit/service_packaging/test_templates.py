from __future__ import annotations

import pytest

from vodseal.errors import MisuseError
from vodseal.service.packaging.templates import PACKAGINGS, packaging_of
from vodseal.service.templates import TEMPLATE_GROUPS


def test_every_group_of_the_service_can_be_packaged():
    assert set(PACKAGINGS) == set(TEMPLATE_GROUPS)


def test_what_encrypts_has_segments_only():
    for packaging in PACKAGINGS.values():
        assert packaging.encrypts == (packaging.formats == ("m3u8",))


def test_the_most_streams_a_video_can_have():
    most = {name: packaging.most_streams for name, packaging in PACKAGINGS.items()}
    assert most == {
        "encrypted": 4,
        "clear": 8,
        "encrypted-source": 1,
        "private": 4,
        "private-source": 1,
        "cmaf": 4,
        "cmaf-source": 1,
        "private-cmaf": 4,
        "private-cmaf-source": 1,
    }


def test_an_unknown_group_is_misuse():
    with pytest.raises(MisuseError):
        packaging_of("Encrypted")
