"""Uploads signed by header signature V1, against the vendor's published example (wire 6)."""

from __future__ import annotations

import pytest

from vodseal.rpc.oss_v1 import authorization, is_signed, string_to_sign

KEY_ID = "44CF9590006BF252F707"
SECRET = "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV"
RESOURCE = "/oss-example/nelson"
HEADERS = {
    "host": "oss-example.oss-cn-hangzhou.aliyuncs.com",
    "content-md5": "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
    "content-type": "text/html",
    "date": "Thu, 17 Nov 2005 18:49:58 GMT",
    "x-oss-meta-author": "foo@bar.com",
    "x-oss-magic": "abracadabra",
}
PUBLISHED = f"OSS {KEY_ID}:26NBxoKdsyly4EDv6inkoDft/yA="
TEXT = string_to_sign("PUT", RESOURCE, HEADERS, {})


def test_the_published_example() -> None:
    assert TEXT == (
        "PUT\nODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=\ntext/html\n"
        "Thu, 17 Nov 2005 18:49:58 GMT\nx-oss-magic:abracadabra\n"
        "x-oss-meta-author:foo@bar.com\n/oss-example/nelson"
    )
    assert authorization(KEY_ID, SECRET, TEXT) == PUBLISHED
    assert is_signed(PUBLISHED, KEY_ID, SECRET, TEXT)


@pytest.mark.parametrize("name", sorted(set(HEADERS) - {"host"}))
def test_every_signed_header_counts(name: str) -> None:
    changed = string_to_sign("PUT", RESOURCE, {**HEADERS, name: "x"}, {})
    assert not is_signed(PUBLISHED, KEY_ID, SECRET, changed)


def test_verb_and_resource_count_and_the_host_does_not() -> None:
    assert string_to_sign("POST", RESOURCE, HEADERS, {}) != TEXT
    assert string_to_sign("PUT", "/oss-example/nelsoN", HEADERS, {}) != TEXT
    assert string_to_sign("PUT", RESOURCE, {**HEADERS, "host": "other"}, {}) == TEXT


def test_absent_headers_leave_their_line_empty() -> None:
    assert string_to_sign("PUT", "/b/k", {}, {}) == "PUT\n\n\n\n/b/k"


def test_sub_resources_are_signed_in_order_and_other_parameters_not() -> None:
    query = {"uploadId": "U", "partNumber": "1", "max-parts": "5", "uploads": ""}
    assert string_to_sign("PUT", "/b/k", {}, query).endswith("/b/k?partNumber=1&uploadId=U&uploads")


def test_values_are_trimmed() -> None:
    assert "x-oss-a:b\n" in string_to_sign("PUT", "/b/k", {"x-oss-a": " b "}, {})


@pytest.mark.parametrize(
    "given",
    [
        "",
        "OSS",
        PUBLISHED.lower(),
        f"{PUBLISHED} ",
        PUBLISHED[:-1],
        PUBLISHED.replace(KEY_ID, "X"),
        "é",
        "\ud800",
    ],
)
def test_what_is_no_such_header(given: str) -> None:
    assert not is_signed(given, KEY_ID, SECRET, TEXT)
    assert not is_signed(PUBLISHED, KEY_ID, f"{SECRET}x", TEXT)
