"""Vectors of the revocation list (SPEC credential, 8).

What is given out is what is revoked at the time given: a byte for its key in the
list, then its id, in the order of the list.
"""

from spec.credential.forms import (
    DEVICE,
    NOW,
    REVOKING,
    SERIAL,
    STRANGER,
    revocation_list,
)
from spec.kit import Raw, flip, public, stream
from spec.vector import vector

MOST = 1 << 53


def made(expect: str, data: bytes, plain: bytes = b"", *, now: int = NOW) -> bytes:
    return vector("revocation-list", expect, data, plain, keys=[public(REVOKING)], now=now)


def revocations() -> dict[str, bytes]:
    first, second = b"\4" + bytes(16), b"\4" + SERIAL
    third = b"\5" + DEVICE.device_id
    ids = sorted(stream(f"id {i}", 16) for i in range(3000))
    good = {
        "before": made("ok", revocation_list(), b"", now=NOW - 2),
        "of_one": made("ok", revocation_list(), first, now=NOW - 1),
        "of_two": made("ok", revocation_list(), first + second),
        "after_its_end": made("ok", revocation_list(), first + second + third, now=MOST),
        "of_nothing": made("ok", revocation_list(k4=[], k5=[])),
        "larger_than_other_envelopes": made(
            "ok", revocation_list(k4=[], k5=[], k6=[[i, 0] for i in ids] + [[b"\xff" * 16, MOST]]),
            b"".join(b"\6" + i for i in ids),
        ),
    }  # fmt: skip
    right = revocation_list()
    bad: dict[str, tuple[str, bytes]] = {
        "altered": ("tampered", flip(right, 60)),
        "cut": ("truncated", right[:-1]),
        "of_a_stranger": ("wrong-key", revocation_list(signer=STRANGER)),
        "of_another_type": ("malformed", revocation_list(number=9)),
        "version_2": ("unsupported", revocation_list(k0=2)),
        "field_unknown": ("malformed", revocation_list(k7=[])),
        "number_negative": ("malformed", revocation_list(k1=Raw(b"\x20"))),
        "number_too_large": ("malformed", revocation_list(k1=MOST + 1)),
        "ended_before_it_began": ("malformed", revocation_list(k3=NOW)),
        "end_too_large": ("malformed", revocation_list(k3=MOST + 1)),
    }
    one, two = [bytes(16), 0], [SERIAL, 0]
    entries: dict[str, object] = {
        "out_of_order": [two, one],
        "twice": [one, [bytes(16), 1]],
        "id_of_15_bytes": [[bytes(15), 0]],
        "id_of_17_bytes": [[bytes(17), 0]],
        "id_is_text": [["i" * 16, 0]],
        "instant_negative": [[SERIAL, Raw(b"\x20")]],
        "instant_too_large": [[SERIAL, MOST + 1]],
        "instant_is_a_boolean": [[SERIAL, Raw(b"\xf4")]],
        "entry_of_one": [[SERIAL]],
        "entry_of_three": [[SERIAL, 0, 0]],
        "entry_is_bytes": [SERIAL],
        "entries_in_a_map": {0: two},
    }
    for name, value in entries.items():
        bad[name] = "malformed", revocation_list(k4=value)
    for key in range(7):
        bad[f"field_{key}_missing"] = "malformed", revocation_list(drop=key)
    cases = good | {name: made(expect, data) for name, (expect, data) in bad.items()}
    return {f"revocation_{name}": data for name, data in cases.items()}
