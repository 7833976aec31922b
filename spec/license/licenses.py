"""Vectors of the license (SPEC license, 2 to 6). What is given out is the content key."""

from spec.kit import Raw, flip, public, signing_key, stream
from spec.license.forms import (
    APP,
    DEVICE,
    FINGERPRINT,
    KEY,
    LICENSE_ID,
    NOW,
    OTHER_APP,
    OTHER_DEVICE,
    SERVICE,
    STRANGER,
    Fields,
    key_digest,
    license_of,
    terms,
    wrap,
)
from spec.vector import vector

MOST = 1 << 53
STREAM_KEY = stream("stream key", 16)
LOW_ORDER = bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")


def made(expect: str, data: bytes, plain: bytes = KEY, **given: object) -> bytes:
    """One vector; a reader is given the keys that it trusts, and file, app, device and time."""
    asked: dict[str, object] = {
        "keys": [public(SERVICE)],
        "device_signing_key": public(DEVICE.signing),
        "download_id": LICENSE_ID,
        "fingerprint": FINGERPRINT,
        "device_id": DEVICE.device_id,
        "app_key": APP.private_bytes_raw(),
        "device_key": DEVICE.kem.private_bytes_raw(),
        "now": NOW,
    }
    return vector("license", expect, data, plain if expect == "ok" else b"", **asked | given)


def licenses() -> dict[str, bytes]:
    cases = (
        good()
        | stream_keys()
        | bad_times()
        | bad_bindings()
        | bad_locks()
        | bad_frames()
        | bad_fields()
    )
    return {f"license_{name}": data for name, data in cases.items()}


def of(**replace: object) -> bytes:
    return license_of(terms(**replace))


def good() -> dict[str, bytes]:
    long = "v" * 1023 + "\U0001f600"
    rights: Fields = {0: False, 1: False}
    return {
        "of_the_service": made("ok", license_of()),
        "of_this_device": made("ok", license_of(signer=DEVICE.signing)),
        "of_the_second_key": made("ok", license_of(), keys=[public(STRANGER), public(SERVICE)]),
        "from_this_second_on": made("ok", of(k9=NOW)),
        "until_the_next_second": made("ok", of(k10=NOW + 1)),
        "with_all_numbers_at_their_most": made(
            "ok", of(k2=MOST, k8=MOST, k10=MOST, k11=MOST, k12=MOST)
        ),
        "with_long_texts": made("ok", of(k6=long, k7=long)),
        "with_empty_texts": made("ok", of(k6="", k7="")),
        "without_rights": made("ok", of(k13=rights)),
        "of_a_later_security_file": made("ok", of(k3=stream("later serial", 16))),
    }


def stream_keys() -> dict[str, bytes]:
    """Field 17; what is given out is the content key and then the stream key."""
    fields, labels = terms(), (b"dev-stream", b"app-stream")
    right = wrap(fields, key=STREAM_KEY, labels=labels)
    cases = {
        "under_the_labels_of_the_content_key": wrap(fields, key=STREAM_KEY),
        "for_another_app": wrap(fields, key=STREAM_KEY, labels=labels, app=OTHER_APP),
        "for_another_device": wrap(fields, key=STREAM_KEY, labels=labels, device=OTHER_DEVICE.kem),
        "of_other_terms": wrap(terms(k2=1), key=STREAM_KEY, labels=labels),
        "altered": flip(right, 111),
    }

    def with_field(value: object) -> bytes:
        return license_of(edit=lambda fields: fields.update({17: value}))

    found = {
        f"stream_key_{name}": made("not-bound", with_field(value)) for name, value in cases.items()
    }
    for name, value in (("short", right[:-1]), ("long", right + b"\0"), ("empty", b"")):
        found[f"stream_key_too_{name}"] = made("malformed", with_field(value))
    return found | {"with_stream_key": made("ok", with_field(right), KEY + STREAM_KEY)}


def bad_times() -> dict[str, bytes]:
    return {
        "too_early": made("not-now", of(k9=NOW + 1)),
        "at_its_end": made("not-now", of(k10=NOW)),
        "after_its_end": made("not-now", of(k10=NOW - 1)),
        "never_valid": made("not-now", of(k9=NOW + 1, k10=NOW)),
    }


def bad_bindings() -> dict[str, bytes]:
    return {
        "of_another_file": made("not-bound", of(k1=stream("other license", 16))),
        "of_another_app": made("not-bound", of(k4=stream("other app", 32))),
        "of_another_device": made("not-bound", of(k5=OTHER_DEVICE.device_id)),
        "asked_for_another_file": made("not-bound", of(), download_id=bytes(16)),
        "asked_by_another_app": made("not-bound", of(), fingerprint=bytes(32)),
        "asked_on_another_device": made(
            "not-bound", of(), device_id=OTHER_DEVICE.device_id,
            device_key=OTHER_DEVICE.kem.private_bytes_raw(),
        ),
    }  # fmt: skip


def bad_locks() -> dict[str, bytes]:
    fields, other = terms(), stream("other content key", 32)
    right = wrap(fields)
    only_app = wrap(fields, key=b"")
    cases = {
        "wrap_for_another_app": wrap(fields, app=OTHER_APP),
        "wrap_for_another_device": wrap(fields, device=OTHER_DEVICE.kem),
        "wrap_of_other_terms": wrap(terms(k10=NOW + 1)),
        "wrap_of_another_license": wrap(terms(k1=stream("other license", 16))),
        "wrap_of_another_key": wrap(fields, key=other),
        "wrap_with_its_labels_exchanged": wrap(fields, labels=(b"app", b"dev")),
        "wrap_with_its_locks_exchanged": wrap(fields, app=DEVICE.kem, device=APP),
        "wrap_outer_share_altered": flip(right, 0),
        "wrap_outer_share_high_bit_set": flip(right, 31, 7),
        "wrap_outer_tag_altered": flip(right, 127),
        "wrap_inner_altered": flip(right, 40),
        "wrap_outer_share_of_zero": wrap(fields, low=(b"", bytes(32))),
        "wrap_outer_share_of_low_order": wrap(fields, low=(b"", LOW_ORDER)),
        "wrap_inner_share_of_zero": wrap(fields, low=(bytes(32), b"")),
        "wrap_inner_share_of_low_order": wrap(fields, low=(LOW_ORDER, b"")),
        "wrap_of_zeros": bytes(128),
    }
    bound = {name: made("not-bound", license_of(wrapped=value)) for name, value in cases.items()}
    sizes = {
        "wrap_of_127_bytes": right[:-1],
        "wrap_of_129_bytes": right + b"\0",
        "wrap_of_no_key": only_app,
        "wrap_under_one_lock": right[48:],
    }
    for name, value in sizes.items():
        bound[name] = made("malformed", license_of(wrapped=value))
    digest = license_of(terms(k14=key_digest(other)), wrapped=None)
    return bound | {
        "key_digest_of_another": made("not-bound", digest),
        "opened_with_another_app_key": made(
            "not-bound", license_of(), app_key=OTHER_APP.private_bytes_raw()
        ),
        "opened_with_another_device_key": made(
            "not-bound", license_of(), device_key=OTHER_DEVICE.kem.private_bytes_raw()
        ),
    }


def bad_frames() -> dict[str, bytes]:
    right = license_of()
    return {
        "altered": made("tampered", flip(right, 100)),
        "cut": made("truncated", right[:-1]),
        "of_another_kind": made("malformed", license_of(number=9)),
        "of_a_stranger": made("wrong-key", license_of(signer=STRANGER)),
        "of_the_device_next_to_it": made("wrong-key", license_of(signer=OTHER_DEVICE.signing)),
        "signed_for_something_else": made("wrong-key", license_of(signer=signing_key("service"))),
        "empty": made("malformed", license_of(body=lambda _: b"")),
        "no_map": made("malformed", license_of(body=lambda _: b"\x00")),
        "trailing_byte": made("malformed", license_of(body=lambda b: b + b"\0")),
        "field_unknown": made("malformed", license_of(edit=lambda f: f.update({19: 0}))),
        "field_twice": made(
            "malformed", license_of(body=lambda b: bytes([b[0] + 1]) + b"\0\1" + b[1:])
        ),
        "version_2": made("unsupported", of(k0=2)),
        "version_0": made("unsupported", of(k0=0)),
    }


def bad_fields() -> dict[str, bytes]:
    flags: dict[str, object] = {
        "rights_of_one": {0: True},
        "rights_of_three": {0: True, 1: True, 2: True},
        "rights_in_numbers": {0: 1, 1: 1},
        "rights_in_a_list": [Raw(b"\xf5"), Raw(b"\xf5")],
    }
    cases = {name: terms(k13=value) for name, value in flags.items()}
    for key, name in ((1, "license_id"), (3, "serial"), (4, "fingerprint"), (5, "device_id")):
        cases[f"{name}_a_byte_short"] = terms(**{f"k{key}": bytes(31 if key == 4 else 15)})
    cases |= {
        "sequence_too_large": terms(k2=MOST + 1),
        "issued_too_late": terms(k8=MOST + 1),
        "expiry_too_late": terms(k10=MOST + 1),
        "window_too_large": terms(k11=MOST + 1),
        "offline_too_long": terms(k12=MOST + 1),
        "sequence_negative": terms(k2=Raw(b"\x20")),
        "sequence_a_boolean": terms(k2=Raw(b"\xf5")),
        "expiry_a_float": terms(k10=Raw(b"\xfb" + bytes(8))),
        "expiry_null": terms(k10=Raw(b"\xf6")),
        "expiry_too_long": terms(k10=Raw(b"\x18\x00")),
        "video_of_1025": terms(k6="v" * 1025),
        "job_is_bytes": terms(k7=b"a job"),
        "key_digest_of_31_bytes": terms(k14=bytes(31)),
    }
    found = {name: made("malformed", license_of(fields)) for name, fields in cases.items()}
    for key in range(17):
        found[f"field_{key}_missing"] = made(
            "malformed", license_of(edit=lambda f, k=key: f.pop(k))
        )
    another_way = license_of(edit=lambda f: f.update({16: 2}))
    return found | {"wrapped_in_another_way": made("malformed", another_way)}
