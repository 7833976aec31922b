"""Which download a file is, by its name."""

from __future__ import annotations

import pytest

from vodseal.errors import MisuseError
from vodseal.sdk.repair import identity_of


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("abc_m3u8_0.vseal", ("abc", "m3u8", 0)),
        ("a_b-c_mp4_12.vseal", ("a_b-c", "mp4", 12)),
        ("abc_mp3_3.vseal", ("abc", "mp3", 3)),
    ],
)
def test_a_download_is_known_by_its_file(name: str, told: tuple[str, str, int]) -> None:
    identity = identity_of(f"/films/{name}")
    assert (identity.vid, identity.format, identity.index) == told
    assert identity.save_dir == "/films"


@pytest.mark.parametrize(
    "name", ["film.vseal", "abc_m3u8_0.mp4", "abc_m3u8_.vseal", "_m3u8_0.vseal", "a.b_m3u8_0.vseal"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(MisuseError):
        identity_of(f"/films/{name}")
