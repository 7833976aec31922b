"""Vectors of device certificates (SPEC credential, 9) and of the challenge before them (10.1).

What is given out is the device id, and the secret of the challenge.
"""

from spec.credential.forms import (
    APP_KEY,
    BUNDLE,
    DEVICE,
    ENROLLING,
    NOW,
    SERIAL,
    STRANGER,
    Device,
    certificate,
    fingerprint,
)
from spec.kit import Raw, flip, hpke, kem_key, public, stream
from spec.vector import vector

MOST = 1 << 53
NONCE, SECRET = stream("nonce", 24), stream("challenge", 32)


def certificates() -> dict[str, bytes]:
    right, other = certificate(), Device("other")
    good = {
        "of_this_device": right,
        "of_the_lowest_levels": certificate(k6=0, k7=0),
        "of_the_highest_levels": certificate(k6=3, k7=2),
        "with_an_end": certificate(k9=NOW + 1),
        "with_the_last_instants": certificate(k8=MOST, k9=MOST),
    }
    bad: dict[str, tuple[str, bytes]] = {
        "altered": ("tampered", flip(right, 70)),
        "cut": ("truncated", right[:-1]),
        "of_a_stranger": ("wrong-key", certificate(signer=STRANGER)),
        "signed_by_the_device_itself": ("wrong-key", certificate(signer=DEVICE.signing)),
        "of_another_type": ("malformed", certificate(number=2)),
        "version_2": ("unsupported", certificate(k0=2)),
        "trailing_byte": ("malformed", certificate(body=lambda b: b + b"\0")),
    }
    wrong: dict[str, object] = {
        "k1": [other.device_id, bytes(15)],
        "k2": [public(other.kem), bytes(31)],
        "k3": [public(other.signing), bytes(33)],
        "k4": [SERIAL[:15], SERIAL.hex()],
        "k5": [fingerprint(2, BUNDLE)[:31]],
        "k6": [4, Raw(b"\x20"), Raw(b"\xf5")],
        "k7": [3, Raw(b"\x20")],
        "k8": [MOST + 1, Raw(b"\xf6")],
        "k9": [MOST + 1, Raw(b"\xfa" + bytes(4))],
        "k10": [0],
    }
    for key, values in wrong.items():
        assert isinstance(values, list)
        for i, value in enumerate(values):
            made = certificate(**{key: value})  # type: ignore[arg-type]  # keywords from a table
            bad[f"field_{key[1:]}_wrong_{i}"] = "malformed", made
    for key in range(10):
        bad[f"field_{key}_missing"] = "malformed", certificate(drop=key)
    keys = [public(ENROLLING)]
    cases = {
        name: vector("certificate", "ok", data, DEVICE.device_id, keys=keys)
        for name, data in good.items()
    }
    for name, (expect, data) in bad.items():
        cases[name] = vector("certificate", expect, data, keys=keys)
    return {f"certificate_{name}": data for name, data in cases.items()}


def challenges() -> dict[str, bytes]:
    info = b"vodseal1/enrol\0" + NONCE + DEVICE.device_id

    def sealed(info: bytes = info, **given: bytes) -> bytes:
        return hpke(public(APP_KEY), info, SECRET, label="challenge", **given)

    other = hpke(public(kem_key("other app")), info, SECRET, label="challenge")
    bad = {
        "for_another_app": other,
        "of_another_nonce": sealed(info[:15] + bytes(24) + DEVICE.device_id),
        "of_another_device": sealed(info[:-16] + bytes(16)),
        "without_domain": sealed(NONCE + DEVICE.device_id),
        "altered": flip(sealed(), 40),
        "cut": sealed()[:-1],
        "empty": b"",
        "share_of_zero": sealed(low=bytes(32)),
    }
    given = {
        "app_key": APP_KEY.private_bytes_raw(), "nonce": NONCE, "device_id": DEVICE.device_id
    }  # fmt: skip
    made = {name: vector("challenge", "wrong-key", data, **given) for name, data in bad.items()}
    made["right"] = vector("challenge", "ok", sealed(), SECRET, **given)
    return {f"challenge_{name}": data for name, data in made.items()}
