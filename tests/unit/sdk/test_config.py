"""The network settings of a downloader (client-surface 1.7)."""

from __future__ import annotations

import pytest

from vodseal.errors import MisuseError
from vodseal.sdk.config import DownloaderConfig

_PIN = "sha256//" + "A" * 43 + "="


@pytest.mark.behaviour("B43")
def test_the_defaults_are_the_vendors() -> None:
    config = DownloaderConfig()
    assert (config.network_timeout_ms, config.connect_timeout_ms) == (15_000, 5_000)
    assert (config.referer, config.http_proxy) == ("", "")
    assert config.user_agent.startswith("vodseal")


@pytest.mark.parametrize(
    "values",
    [
        {"network_timeout_ms": 0},
        {"connect_timeout_ms": -1},
        {"referer": "a\r\nX-Evil: 1"},
        {"user_agent": "a\n"},
        {"http_proxy": "http://\x7f"},
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(MisuseError):
        DownloaderConfig(**values)  # type: ignore[arg-type]  # keywords from a table


def test_a_proxy_password_does_not_show() -> None:
    assert "geheim" not in repr(DownloaderConfig(http_proxy="http://u:geheim@proxy:1"))


@pytest.mark.parametrize(
    "pins",
    ["sha256//", "sha256//AAA=", "md5//" + "A" * 43 + "=", "key.pem", f"{_PIN};", f"{_PIN} "],
)
def test_a_pin_is_a_sha_256(pins: str) -> None:
    with pytest.raises(MisuseError):
        DownloaderConfig(pinned_public_key=pins)
    assert DownloaderConfig(pinned_public_key=f"{_PIN};{_PIN}").pinned_public_key
