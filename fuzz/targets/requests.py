"""What a client sends: parameters, policies, byte ranges, dates and lists of parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz import kit
from vodseal.player.byte_range import parse_range
from vodseal.rpc.canonical import canonical_query, parse_parameters
from vodseal.rpc.oss_v1 import is_signed, string_to_sign
from vodseal.rpc.replay import NonceWindow
from vodseal.service.media_files import parse_range as parse_media_range
from vodseal.service.multipart import _number, read_part_list
from vodseal.service.parameters import Parameters
from vodseal.service.policy import parse_policy
from vodseal.service.upload_request import _check_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW: Final = 1_700_000_000.0
DICTIONARY: Final = (
    "&", "=", "%00", "%F0%9F%98%80", "+", "A", "bytes=", "-", ",", '{"Statement":[', '"Effect":',
    '"Allow"', '"Deny"', '"Action":', '"vod:*"', '"Resource":', "Mon, 02 Jan 2006 15:04:05 GMT",
    "2026-01-02T03:04:05Z", "*a", "true", "0x", "<Part>", "</Part>",
    "<PartNumber>1</PartNumber>", "<ETag>",
)  # fmt: skip


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _parameters(data: bytes) -> None:
    query, _, form = data.decode("latin-1").partition("\n")
    found = parse_parameters(query, form)
    assert parse_parameters(canonical_query(found)) == {
        name: value for name, value in found.items() if name != "Signature"
    }
    read = Parameters(found)
    for ask in (
        lambda: read.required("A", max_length=64),
        lambda: read.integer("A", default=1, least=0, most=9),
        lambda: read.boolean("A", default=False),
        lambda: read.choice("A", frozenset({"a", "b"}), default="a"),
        lambda: read.names("A"),
        lambda: read.json_object("A"),
        lambda: read.octets("A", 16),
        lambda: read.hexadecimal("A", 16),
    ):
        kit.takes(ask)


def _policy(data: bytes) -> None:
    policy = parse_policy(_text(data))
    policy.allows("vod:GetPlayInfo", "acs:vod:cn-shanghai:1:video/" + "a" * 32)


def _ranges(data: bytes) -> None:
    found = parse_range(_text(data), 1000)
    assert found is None or range(1000)[found.start : found.stop] == found or not found
    parse_media_range(_text(data), 1000)


def _upload(data: bytes) -> None:
    date, _, rest = _text(data).partition("\n")
    kit.takes(lambda: _check_date(date, NOW))
    lines = (line.partition(":")[::2] for line in rest.split("\n"))
    text = string_to_sign("PUT", "/b/k", headers := dict(lines), headers)
    is_signed(headers.get("authorization", ""), "id", "secret", text)


def _parts(data: bytes) -> None:
    text = _text(data)
    if kit.takes(lambda: _number(text, 1000, 1000)):
        assert not text or 0 <= int(text) <= 1000
    assert read_part_list(text)


def _nonce(data: bytes) -> None:
    nonce, _, timestamp = _text(data).partition("\n")
    NonceWindow().use("caller", nonce, timestamp, NOW)


READS: Final[tuple[Callable[[bytes], None], ...]] = (
    _parameters,
    _policy,
    _ranges,
    _upload,
    _nonce,
    _parts,
)


def test_one(data: bytes) -> bool:
    """The first byte says which."""
    return bool(data) and kit.takes(lambda: READS[data[0] % len(READS)](data[1:]))


def seeds() -> Iterator[bytes]:
    yield b"\0A=1&B=%E4%BD%A0&Signature=s\nC=a+b&D="
    yield from (b"\0A=" + each for each in (b"true", b"7", b"%7B%22a%22%3A1%7D", b"ab" * 16))
    yield (
        b'\1{"Version":"1","Statement":[{"Effect":"Allow","Action":["vod:Get*"],'
        b'"Resource":["acs:vod:*:*:video/*"]},{"Effect":"Deny","Action":"vod:?*"}]}'
    )
    yield from (b"\2bytes=0-99", b"\2bytes=-5", b"\2bytes=7-", b"\2bytes=0-1,4-5")
    yield b"\3Tue, 14 Nov 2023 22:13:20 GMT\nx-oss-a:b\nuploadId:1\nauthorization:OSS id:x"
    yield (
        b'\5<Complete><Part><PartNumber>1</PartNumber><ETag>"%s"</ETag></Part>'
        b"<Part><ETag>%s</ETag><PartNumber> 2 </PartNumber></Part></Complete>"
    ) % (b"a" * 32, b"B" * 32)
    yield b"\x05999"
    yield b"\4nonce\n2023-11-14T22:13:20Z"
