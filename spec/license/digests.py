"""Vectors of segment digests (SPEC license, 7). What is given out is the list."""

import hashlib

from spec.kit import Raw, cbor, envelope, flip, public, stream
from spec.license.forms import SERVICE, STRANGER, Fields
from spec.vector import vector

LIST = stream("digests", 3 * 32)


def made(expect: str, data: bytes, listed: bytes = LIST, **given: object) -> bytes:
    asked: dict[str, object] = {"keys": [public(SERVICE)], "video": "a video", "job": "a job"}
    plain = listed if expect == "ok" else b""
    return vector("digests", expect, data, plain, **asked | given, list=listed)


def root(listed: bytes) -> bytes:
    return hashlib.sha256(b"vodseal1/digests\0" + listed).digest()


def of(listed: bytes = LIST, *, number: int = 9, drop: int = -1, **replace: object) -> bytes:
    fields: Fields = {
        0: 1, 1: "a video", 2: "a job", 3: 1, 4: len(listed) // 32, 5: 0, 6: root(listed),
    }  # fmt: skip
    fields |= {int(name[1:]): value for name, value in replace.items()}
    fields.pop(drop, None)
    return envelope(number, cbor(fields), SERVICE)


def digests() -> dict[str, bytes]:
    turned = LIST[32:] + LIST[:32]
    stranger = envelope(9, of()[24:-64], STRANGER)
    cases = {
        "of_three": made("ok", of()),
        "of_none": made("ok", of(b""), b""),
        "of_blake3": made("ok", of(k3=2)),
        "of_ranges": made("ok", of(k5=4_194_304)),
        "altered": made("tampered", flip(of(), 60)),
        "of_a_stranger": made("wrong-key", stranger),
        "of_another_type": made("malformed", of(number=2)),
        "version_2": made("unsupported", of(k0=2)),
        "of_another_video": made("tampered", of(), video="another"),
        "of_another_job": made("tampered", of(), job="another"),
        "list_altered": made("tampered", of(), flip(LIST, 40)),
        "list_in_another_order": made("tampered", of(), turned),
        "list_a_digest_short": made("malformed", of(), LIST[:64]),
        "list_a_digest_more": made("malformed", of(), LIST + bytes(32)),
        "list_a_byte_more": made("malformed", of(), LIST + b"\0"),
        "root_of_another": made("tampered", of(k6=root(turned))),
        "root_without_domain": made("tampered", of(k6=hashlib.sha256(LIST).digest())),
        "root_of_31_bytes": made("malformed", of(k6=bytes(31))),
        "algorithm_0": made("malformed", of(k3=0)),
        "algorithm_3": made("malformed", of(k3=3)),
        "count_too_large": made("malformed", of(k4=(1 << 24) + 1)),
        "count_negative": made("malformed", of(k4=Raw(b"\x22"))),
        "ranges_too_large": made("malformed", of(k5=(1 << 32) + 1)),
        "field_unknown": made("malformed", of(k7=0)),
    }
    for key in range(7):
        cases[f"field_{key}_missing"] = made("malformed", of(drop=key))
    return {f"digests_{name}": data for name, data in cases.items()}
