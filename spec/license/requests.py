"""Vectors of what a device signs to ask for a license (SPEC license, 8); its id is given out."""

from spec.kit import cbor, flip, not_reduced, public, signing_key, stream
from spec.license.forms import DEVICE, LICENSE_ID, OTHER_DEVICE, SERIAL, STRANGER
from spec.vector import vector

LABEL = b"vodseal1/acquire\0"
VIDEO, JOB = "a video", "a job"
ASKED: dict[str, object] = {
    "video": VIDEO, "job": JOB, "download_id": LICENSE_ID, "serial": SERIAL,
    "device_kem_key": public(DEVICE.kem), "device_signing_key": public(DEVICE.signing),
}  # fmt: skip


def signature(label: bytes = LABEL, **replace: object) -> bytes:
    return DEVICE.signing.sign(label + cbor(list((ASKED | replace).values())))


def asked(expect: str, data: bytes, **given: object) -> bytes:
    plain = DEVICE.device_id if expect == "ok" else b""
    return vector("acquire", expect, data, plain, **ASKED | given)


def requests() -> dict[str, bytes]:
    right, long = signature(), "v" * 1023 + "\U0001f600"
    texts = {"video": long, "job": long}
    cases = {
        "of_this_device": asked("ok", right),
        "with_long_texts": asked("ok", signature(**texts), **texts),
        "with_empty_texts": asked("ok", signature(video="", job=""), video="", job=""),
    }
    others: dict[str, object] = {
        "video": "another video", "job": "another job", "download_id": stream("another", 16),
        "serial": stream("another", 16), "device_kem_key": public(OTHER_DEVICE.kem),
        "device_signing_key": public(OTHER_DEVICE.signing),
    }  # fmt: skip
    for name, value in others.items():
        cases[f"for_another_{name}"] = asked("tampered", right, **{name: value})
        said = signature(**{name: value})
        cases[f"signed_for_another_{name}"] = asked("tampered", said)
    covered = LABEL + cbor(list(ASKED.values()))
    signatures = {
        "without_its_label": signature(b""),
        "under_another_label": signature(b"vodseal1/request\0"),
        "of_a_stranger": STRANGER.sign(covered),
        "of_a_service": signing_key("licensing").sign(covered),
        "with_video_and_job_exchanged": signature(video=JOB, job=VIDEO),
        "altered": flip(right, 0),
        "with_a_scalar_not_reduced": not_reduced(right),
        "of_zeros": bytes(64),
        "cut": right[:-1],
        "with_a_byte_behind_it": right + b"\0",
        "empty": b"",
    }
    cases |= {name: asked("tampered", data) for name, data in signatures.items()}
    return {f"acquire_{name}": data for name, data in cases.items()}
