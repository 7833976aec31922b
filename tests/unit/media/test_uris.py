"""Which URIs a playlist may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import PlaylistError
from vodseal.media.uris import MAX_URI_LENGTH, check_uri, resolve_uri

BASE = "https://cdn.example/a/b.m3u8?auth_key=1"


@pytest.mark.parametrize(
    ("uri", "absolute"),
    [
        ("s.ts", "https://cdn.example/a/s.ts"),
        ("/s.ts?x=1", "https://cdn.example/s.ts?x=1"),
        ("../../s.ts", "https://cdn.example/s.ts"),
        ("//other.example/s.ts", "https://other.example/s.ts"),
        ("http://h:80/s.ts", "http://h:80/s.ts"),
        ("HTTPS://h/s.ts", "HTTPS://h/s.ts"),
        ("?x=1", "https://cdn.example/a/b.m3u8?x=1"),
        ("http://[::1]:8080/s.ts", "http://[::1]:8080/s.ts"),
        ("s%20x.ts", "https://cdn.example/a/s%20x.ts"),
        ("a:b", None),
        ("./a:b", "https://cdn.example/a/a:b"),
    ],
)
def test_relative_and_absolute(uri: str, absolute: str | None) -> None:
    if absolute is None:
        with pytest.raises(PlaylistError):
            resolve_uri(BASE, uri)
    else:
        assert resolve_uri(BASE, uri) == absolute


@pytest.mark.parametrize(
    "uri",
    [
        "", " ", "a b", "a\tb", "a\nb", "a\x00b", "a\x7fb", 'a"b', "a<b", "a\\b", "a`b", "a{b}", "a|b", "a^b",
        "é.ts", "\uff41.ts",
        "file:///etc/passwd", "data:,x", "javascript:1", "ftp://h/x", "concat:a|b", "skd://x",
        "http://user@h/x", "http://user:pass@h/x", "//user@h/x",
        "http://", "http:///x", "https:x", "http://h:99999/x", "http://h:x/", "http://[::1/x",
        "x" * (MAX_URI_LENGTH + 1),
    ],
)  # fmt: skip
def test_everything_else_is_refused(uri: str) -> None:
    with pytest.raises(PlaylistError):
        check_uri(uri)
    with pytest.raises(PlaylistError):
        resolve_uri(BASE, uri)


@pytest.mark.parametrize("base", ["", "playlist.m3u8", "file:///x/p.m3u8", "ftp://h/p"])
def test_an_unknown_base_makes_no_absolute_address(base: str) -> None:
    with pytest.raises(PlaylistError):
        resolve_uri(base, "s.ts")
    assert resolve_uri(base, "http://h/s.ts") == "http://h/s.ts"


@given(st.text(max_size=60))
def test_whatever_comes_out_is_http_and_has_a_host(uri: str) -> None:
    try:
        absolute = resolve_uri(BASE, uri)
    except PlaylistError:
        return
    assert absolute.lower().startswith(("http://", "https://"))
    assert absolute.isprintable()
    assert " " not in absolute


def test_an_absolute_uri_stays_as_it_was_written_to_the_letter() -> None:
    assert resolve_uri("http://base/", "http://a/?") == "http://a/?"
