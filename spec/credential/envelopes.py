"""Vectors of the envelope (SPEC credential, 2). What is given out is the payload."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from spec.credential.forms import LICENSING, SERVICE, STRANGER
from spec.kit import envelope, flip, not_reduced, public, put, stream
from spec.vector import vector

PAYLOAD = stream("payload", 100)
LARGEST = 65536


def envelopes() -> dict[str, bytes]:
    made = {}
    for name, (expect, data, plain) in good().items():
        made[name] = vector("envelope", expect, data, plain, type=2, keys=[public(LICENSING)])
    for name, (expect, data) in (bad_frames() | bad_signatures()).items():
        made[name] = vector("envelope", expect, data, type=2, keys=[public(LICENSING)])
    made["envelope_keys_of_no_one"] = vector("envelope", "wrong-key", right(), type=2, keys=[])
    altered = flip(right(), 9)  # type 3 over the signature of type 2
    keys = [public(LICENSING)]
    made["envelope_type_altered"] = vector("envelope", "tampered", altered, type=3, keys=keys)
    two = [public(SERVICE), public(LICENSING)]
    made["envelope_second_of_two_keys"] = vector(
        "envelope", "ok", right(), PAYLOAD, type=2, keys=two
    )
    for name, (expect, data, plain) in anchored().items():
        made[name] = vector("anchored-envelope", expect, data, plain, type=1)
    large = public(SERVICE) + bytes(LARGEST)
    made["anchored_manifest_of_64k_and_more"] = vector(
        "anchored-envelope", "ok", envelope(8, large, SERVICE), bytes(LARGEST), type=8
    )
    return made


def right(payload: bytes = PAYLOAD, signer: Ed25519PrivateKey = LICENSING) -> bytes:
    return envelope(2, payload, signer)


def good() -> dict[str, tuple[str, bytes, bytes]]:
    return {
        "envelope": ("ok", right(), PAYLOAD),
        "envelope_empty": ("ok", right(b""), b""),
        "envelope_largest": ("ok", right(bytes(LARGEST)), bytes(LARGEST)),
    }


def bad_frames() -> dict[str, tuple[str, bytes]]:
    whole = right()

    def headed(at: int, value: bytes) -> bytes:
        return envelope(2, PAYLOAD, LICENSING, head=put(at, value))

    return {
        "envelope_no_bytes": ("not-sealed", b""),
        "envelope_magic_altered": ("not-sealed", flip(whole, 3)),
        "envelope_magic_of_a_sealed_file": ("not-sealed", b"\x89VSL" + whole[4:]),
        "envelope_magic_after_text_mode": ("not-sealed", whole.replace(b"\r\n", b"\n", 1)),
        "envelope_magic_only": ("truncated", whole[:8]),
        "envelope_head_cut": ("truncated", whole[:23]),
        "envelope_head_only": ("truncated", whole[:24]),
        "envelope_payload_cut": ("truncated", whole[:100]),
        "envelope_signature_cut": ("truncated", whole[:-1]),
        "envelope_signature_missing": ("truncated", whole[:-64]),
        "envelope_byte_more": ("truncated", whole + b"\0"),
        "envelope_twice": ("truncated", whole * 2),
        "envelope_length_too_large": ("truncated", headed(20, (101).to_bytes(4, "big"))),
        "envelope_length_too_small": ("truncated", headed(20, (99).to_bytes(4, "big"))),
        "envelope_version_0": ("unsupported", headed(8, b"\0")),
        "envelope_version_2": ("unsupported", headed(8, b"\2")),
        "envelope_scheme_0": ("unsupported", headed(10, b"\0\0")),
        "envelope_scheme_2": ("unsupported", headed(10, b"\0\2")),
        "envelope_scheme_256": ("unsupported", headed(10, b"\1\0")),
        "envelope_of_another_type": ("malformed", envelope(3, PAYLOAD, LICENSING)),
        "envelope_of_no_type": ("malformed", envelope(0, PAYLOAD, LICENSING)),
        "envelope_of_an_unknown_type": ("malformed", envelope(255, PAYLOAD, LICENSING)),
        "envelope_too_large": ("malformed", right(bytes(LARGEST + 1))),
        "envelope_length_of_4g": ("malformed", headed(20, b"\xff\xff\xff\xff")),
        "envelope_of_a_stranger": ("wrong-key", right(signer=STRANGER)),
        "envelope_key_for_another_type": ("wrong-key", right(signer=SERVICE)),
        "envelope_key_id_altered": ("wrong-key", flip(whole, 12)),
    }


def bad_signatures() -> dict[str, tuple[str, bytes]]:
    whole = right()
    other = right(PAYLOAD[::-1])

    def with_signature(signature: bytes) -> bytes:
        return whole[:-64] + signature

    bare = LICENSING.sign(whole[:-64])
    return {
        "envelope_payload_altered": ("tampered", flip(whole, 24)),
        "envelope_payload_end_altered": ("tampered", flip(whole, -65, 7)),
        "envelope_signature_point_altered": ("tampered", flip(whole, -64)),
        "envelope_signature_sign_altered": ("tampered", flip(whole, -33, 7)),
        "envelope_signature_scalar_altered": ("tampered", flip(whole, -32)),
        "envelope_signature_scalar_not_reduced": (
            "tampered", not_reduced(whole)
        ),
        "envelope_signature_of_zeros": ("tampered", with_signature(bytes(64))),
        "envelope_signature_of_the_neutral_point": (
            "tampered", with_signature(b"\1" + bytes(63))
        ),
        "envelope_signature_of_another": ("tampered", with_signature(other[-64:])),
        "envelope_signature_without_domain": ("tampered", with_signature(bare)),
        "envelope_signature_of_the_payload": (
            "tampered", with_signature(LICENSING.sign(b"vodseal1/env\0" + PAYLOAD))
        ),
        "envelope_signature_under_another_domain": (
            "tampered", envelope(2, PAYLOAD, LICENSING, domain=b"vodseal1/acquire\0")
        ),
        "envelope_signature_of_a_stranger": (
            "tampered", with_signature(STRANGER.sign(b"vodseal1/env\0" + whole[:-64]))
        ),
    }  # fmt: skip


def anchored() -> dict[str, tuple[str, bytes, bytes]]:
    mine, other = public(SERVICE), public(STRANGER)
    whole = envelope(1, mine + PAYLOAD, SERVICE)
    return {
        "anchored": ("ok", whole, PAYLOAD),
        "anchored_empty": ("ok", envelope(1, mine, SERVICE), b""),
        "anchored_key_cut": ("malformed", envelope(1, mine[:31], SERVICE), b""),
        "anchored_without_key": ("malformed", envelope(1, b"", SERVICE), b""),
        "anchored_of_another_type": ("malformed", envelope(2, mine + PAYLOAD, SERVICE), b""),
        "anchored_too_large": ("malformed", envelope(1, mine + bytes(LARGEST), SERVICE), b""),
        "anchored_key_of_another": ("tampered", envelope(1, other + PAYLOAD, SERVICE), b""),
        "anchored_key_altered": ("tampered", flip(whole, 24), b""),
        "anchored_key_id_altered": ("tampered", flip(whole, 19, 7), b""),
        "anchored_body_altered": ("tampered", flip(whole, 56), b""),
        "anchored_signature_altered": ("tampered", flip(whole, -1, 4), b""),
        "anchored_key_and_key_id_exchanged": (
            "tampered", whole[:12] + envelope(1, other, STRANGER)[12:20] + whole[20:24] + other
            + whole[56:], b"",
        ),
    }  # fmt: skip
