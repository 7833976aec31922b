"""Vectors of the security file (SPEC credential, 4). What is given out is the app's private key."""

from collections.abc import Callable

from spec.credential.forms import (
    APP_KEY,
    BUNDLE,
    DEFAULT_TRUST,
    LICENSING,
    MANIFEST,
    NOW,
    SERIAL,
    SERVICE,
    STRANGER,
    Fields,
    Opening,
    file_alone,
    fingerprint,
    private_string,
    security_file,
    wrapped,
)
from spec.kit import Raw, flip, public, signing_key, stream
from spec.vector import vector

SHA1 = ":".join(f"{each:02X}" for each in stream("certificate", 20)).encode()
PYTHON = BUNDLE + b"\0" + public(MANIFEST)


def made(expect: str, data: bytes, **given: object) -> bytes:
    """One vector; a reader is given the app's identity, the time, and what opens the file."""
    asked: dict[str, object] = {"kind": 2, "identifier": BUNDLE, "now": NOW}
    asked |= {"level": 0, "private_string": "", "wrapping_key": file_alone().key} | given
    plain = APP_KEY.private_bytes_raw() if expect == "ok" else b""
    return vector("security-file", expect, data, plain, **asked)


def asking(requirements: Fields) -> bytes:
    return security_file(edit=lambda fields: fields.update({10: requirements}))


def strung(opening: Opening) -> dict[str, object]:
    return {"private_string": opening.string, "wrapping_key": opening.key}


def security_files() -> dict[str, bytes]:
    cases = good() | not_opened()
    for name, (expect, data) in (
        bad_frames() | bad_fields() | bad_openings() | bad_trust()
    ).items():
        cases[name] = made(expect, data)
    return {f"security_file_{name}": data for name, data in cases.items()}


def good() -> dict[str, bytes]:
    string = private_string()
    dated = security_file(edit=lambda f: f.update({8: NOW, 9: NOW + 1}))
    others = {kind: [public(SERVICE)] for kind in (1, 2, 3, 4, 5, 9)}
    many = [public(signing_key(f"key {i}")) for i in range(15)]
    sixteen = {1: [*many, public(SERVICE)]}
    kinds = {
        "android": (1, SHA1),
        "ios": (2, BUNDLE),
        "windows": (3, b"0a1b2c"),
        "python": (4, PYTHON),
    }
    identities = {
        f"of_{name}": made(
            "ok", security_file(kind=kind, identifier=identifier), kind=kind, identifier=identifier
        )
        for name, (kind, identifier) in kinds.items()
    }
    return identities | {
        "opens_alone": made("ok", security_file()),
        "opens_with_string": made("ok", security_file(opening=string), **strung(string)),
        "from_this_second_on_and_no_longer": made("ok", dated),
        "keys_of_all_types": made("ok", security_file(edit=lambda f: f.update({11: others}))),
        "asks_for_its_level": made("ok", asking({0: 1, 1: True}), level=1),
        "asks_for_a_key_store": made("ok", asking({0: 0, 1: False})),
        "sixteen_keys": made("ok", security_file(edit=lambda f: f.update({11: sixteen}))),
    }


def not_opened() -> dict[str, bytes]:
    string, wrong = private_string(), private_string("anotherHorse2Battery")
    right = security_file(opening=string)
    mark = fingerprint(2, BUNDLE)
    elsewhere = wrapped(file_alone(), mark=fingerprint(2, b"com.example.other"))
    of_serial = wrapped(file_alone(), mark=mark, serial=stream("another serial", 16))
    other_key = wrapped(file_alone(), mark=mark, key=stream("another key", 32))
    bare = wrapped(Opening({}, stream("secret", 32)), mark=mark)

    def with_wrap(value: bytes) -> bytes:
        return made("not-bound", security_file(edit=lambda f: f.update({6: value})))

    return {
        "of_another_app": made("not-bound", security_file(), identifier=b"com.example.other"),
        "of_another_case": made("not-bound", security_file(), identifier=b"com.example.Player"),
        "of_another_kind": made(
            "not-bound", security_file(kind=3, identifier=b"ab"), kind=2, identifier=BUNDLE
        ),
        "wrong_string": made("not-bound", right, **strung(wrong)),
        "without_string": made("not-bound", right, private_string="", wrapping_key=""),
        "wrap_of_another_app": with_wrap(elsewhere),
        "wrap_of_another_file": with_wrap(of_serial),
        "wrap_altered": with_wrap(flip(wrapped(file_alone(), mark=mark), 60)),
        "wrap_commitment_altered": with_wrap(flip(wrapped(file_alone(), mark=mark), 24)),
        "wrap_under_the_secret_itself": with_wrap(bare),
        "pair_that_is_none": made(
            "not-bound", security_file(edit=lambda f: f.update({6: other_key}))
        ),
        "of_too_low_a_level": made("not-bound", asking({0: 2, 1: True}), level=1),
        "too_early": made("not-now", security_file(edit=lambda f: f.update({8: NOW + 1}))),
        "too_late": made("not-now", security_file(edit=lambda f: f.update({9: NOW}))),
    }


def bad_frames() -> dict[str, tuple[str, bytes]]:
    right = security_file()
    one_more = security_file(body=lambda b: bytes([b[0] + 1]) + b[1:] + b"\x0c\x00")
    twice = security_file(body=lambda b: bytes([b[0] + 1]) + b"\0\1" + b[1:])
    return {
        "altered": ("tampered", flip(right, 200)),
        "of_another_type": ("malformed", security_file(number=8)),
        "cut": ("truncated", right[:-1]),
        "signed_by_a_key_not_listed": ("wrong-key", security_file(signer=STRANGER)),
        "signed_by_a_key_for_licenses": ("wrong-key", security_file(signer=LICENSING)),
        "empty": ("malformed", security_file(body=lambda _: b"")),
        "no_map": ("malformed", security_file(body=lambda _: b"\x80")),
        "trailing_byte": ("malformed", security_file(body=lambda b: b + b"\0")),
        "field_unknown": ("malformed", one_more),
        "field_twice": ("malformed", twice),
    }


def bad_fields() -> dict[str, tuple[str, bytes]]:
    def without(key: int) -> Callable[[Fields], object]:
        return lambda fields: fields.pop(key)

    def of(identifier: bytes, kind: int = 2) -> bytes:
        return security_file(kind=kind, identifier=identifier)

    cases: dict[str, dict[int, object]] = {
        "asks_for_nothing": {10: {0: 0, 1: True}},
        "asks_for_level_4": {10: {0: 4, 1: True}},
        "asks_for_less_than_it_should": {10: {0: 1}},
        "asks_for_an_unknown_thing": {10: {0: 1, 1: True, 2: True}},
        "asks_for_a_number_as_store": {10: {0: 1, 1: 1}},
        "serial_of_15_bytes": {1: SERIAL[:15]},
        "fingerprint_of_another": {4: fingerprint(2, b"com.example.other")},
        "fingerprint_of_31_bytes": {4: fingerprint(2, BUNDLE)[:31]},
        "public_key_of_33_bytes": {5: bytes(33)},
        "wrap_of_103_bytes": {6: bytes(103)},
        "wrap_of_105_bytes": {6: bytes(105)},
        "time_is_a_boolean": {8: Raw(b"\xf4")},
        "time_is_negative": {8: Raw(b"\x20")},
        "time_is_a_float": {9: Raw(b"\xf9\x00\x00")},
        "time_is_too_long": {9: Raw(b"\x18\x00")},
        "identifier_is_text": {2: BUNDLE.decode()},
    }
    made = {name: security_file(edit=lambda f, c=c: f.update(c)) for name, c in cases.items()}
    for key in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11):
        made[f"field_{key}_missing"] = security_file(edit=without(key))
    made |= {
        "kind_0": of(BUNDLE, 0),
        "kind_5": of(BUNDLE, 5),
        "android_in_lower_case": of(SHA1.lower(), 1),
        "android_without_colons": of(SHA1.replace(b":", b""), 1),
        "windows_in_upper_case": of(b"0A1B", 3),
        "windows_with_space": of(b" 0a1b", 3),
        "ios_without_dot": of(b"player"),
        "ios_too_long": of(b"a." + b"b" * 154),
        "ios_with_line_end": of(BUNDLE + b"\n"),
        "python_without_key": of(BUNDLE, 4),
        "python_key_too_long": of(PYTHON + b"\0", 4),
        "identifier_of_256_bytes": of(BUNDLE + b"\0" + bytes(237), 4),
    }
    found = {name: ("malformed", data) for name, data in made.items()}
    return found | {"version_2": ("unsupported", security_file(edit=lambda f: f.update({0: 2})))}


def bad_openings() -> dict[str, tuple[str, bytes]]:
    cases = {
        "opening_of_kind_2": file_alone(k0=2),
        "opening_salt_of_15_bytes": file_alone(k1=bytes(15)),
        "opening_secret_of_31_bytes": file_alone(k2=bytes(31)),
        "opening_field_unknown": file_alone(k3=0),
        "opening_with_little_memory": private_string(k2=19455),
        "opening_with_much_memory": private_string(k2=1048577),
        "opening_without_passes": private_string(k3=0),
        "opening_with_11_passes": private_string(k3=11),
        "opening_without_lanes": private_string(k4=0),
        "opening_with_2_lanes": private_string(k4=2),
        "opening_string_salt_of_17_bytes": private_string(k1=bytes(17)),
        "opening_string_field_unknown": private_string(k5=0),
    }
    made = {name: ("malformed", security_file(opening=opening)) for name, opening in cases.items()}
    return made | {
        "opening_is_a_list": ("malformed", security_file(edit=lambda f: f.update({7: [0]}))),
    }


def bad_trust() -> dict[str, tuple[str, bytes]]:
    key = public(SERVICE)
    cases: dict[str, dict[int, object]] = {
        "trust_in_type_6": DEFAULT_TRUST | {6: [key]},
        "trust_in_type_8": DEFAULT_TRUST | {8: [key]},
        "trust_in_type_10": DEFAULT_TRUST | {10: [key]},
        "trust_without_keys": DEFAULT_TRUST | {2: []},
        "trust_in_17_keys": DEFAULT_TRUST | {2: [key] * 17},
        "trust_key_of_31_bytes": DEFAULT_TRUST | {2: [key[:31]]},
        "trust_key_is_text": DEFAULT_TRUST | {2: ["k" * 32]},
        "trust_key_not_in_a_list": DEFAULT_TRUST | {2: key},
    }
    return {
        name: ("malformed", security_file(edit=lambda f, c=c: f.update({11: c})))
        for name, c in cases.items()
    }
