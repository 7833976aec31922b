"""Vectors of licenses that were moved (SPEC license, 6.2), with their service's own in field 18."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from spec.kit import envelope, flip, stream
from spec.license.forms import (
    DEVICE,
    KEY,
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
from spec.license.licenses import STREAM_KEY, made

# Whom the service issued it for: the same app under an earlier security file, or another app.
BEFORE: Fields = {
    3: stream("earlier serial", 16), 4: stream("earlier app", 32), 5: OTHER_DEVICE.device_id,
}  # fmt: skip


def origin(
    *,
    signer: Ed25519PrivateKey = SERVICE,
    more: Fields | None = None,
    number: int = 2,
    **replace: object,
) -> bytes:
    """The service's own license; every argument replaces one thing by a wrong one."""
    fields = terms(**replace) | {key: BEFORE[key] for key in BEFORE if f"k{key}" not in replace}
    wrapped = wrap(fields, app=OTHER_APP, device=OTHER_DEVICE.kem)
    return license_of(
        fields,
        wrapped=wrapped,
        edit=lambda whole: whole.update(more or {}),
        signer=signer,
        number=number,
    )


def carrying(value: object, *, signer: Ed25519PrivateKey = DEVICE.signing) -> bytes:
    """The license for this app and device, with ``value`` in field 18."""
    return license_of(edit=lambda whole: whole.update({18: value}), signer=signer)


def moved() -> dict[str, bytes]:
    cases = good() | bad_frames() | bad_origins() | other_terms()
    return {f"license_moved_{name}": data for name, data in cases.items()}


def good() -> dict[str, bytes]:
    fields = terms(k2=7, k9=NOW, k10=NOW + 1, k11=60, k12=60)
    limited = license_of(
        fields,
        edit=lambda whole: whole.update({18: origin(k2=7, k9=NOW, k10=NOW + 1, k11=60, k12=60)}),
        signer=DEVICE.signing,
    )
    right = terms()
    labels = (b"dev-stream", b"app-stream")
    streamed = license_of(
        edit=lambda whole: whole.update(
            {17: wrap(right, key=STREAM_KEY, labels=labels), 18: origin(more={17: bytes(112)})}
        ),
        signer=DEVICE.signing,
    )
    same = {f"k{key}": right[key] for key in (4, 5)}
    return {
        "from_another_app": made("ok", carrying(origin())),
        "from_an_earlier_security_file": made("ok", carrying(origin(**same))),
        "with_every_limit": made("ok", limited),
        "with_stream_key": made("ok", streamed, KEY + STREAM_KEY),
    }


def bad_frames() -> dict[str, bytes]:
    over = license_of(
        terms(k10=NOW),
        edit=lambda whole: whole.update({18: origin(k10=NOW)}),
        signer=DEVICE.signing,
    )
    return {
        "and_over": made("not-now", over),
        "signed_by_the_service": made("malformed", carrying(origin(), signer=SERVICE)),
        "signed_by_another_device": made(
            "wrong-key", carrying(origin(), signer=OTHER_DEVICE.signing)
        ),
        "signed_by_a_stranger": made("wrong-key", carrying(origin(), signer=STRANGER)),
        "with_a_number": made("malformed", carrying(0)),
        "with_a_text": made("malformed", carrying("origin")),
        "with_nothing": made("malformed", carrying(b"")),
        "with_16385_bytes": made(
            "malformed", carrying(origin().ljust(16385, b"\0"))
        ),
        "to_another_device": made(
            "not-bound", license_of(
                terms(k5=OTHER_DEVICE.device_id),
                edit=lambda whole: whole.update({18: origin()}), signer=DEVICE.signing,
            ),
        ),
    }  # fmt: skip


def bad_origins() -> dict[str, bytes]:
    """The envelope in field 18 fails as one that stands alone does."""
    right = origin()
    cases = {
        "of_this_device": ("wrong-key", origin(signer=DEVICE.signing)),
        "of_a_stranger": ("wrong-key", origin(signer=STRANGER)),
        "altered": ("tampered", flip(right, 100)),
        "with_its_signature_altered": ("tampered", flip(right, -1)),
        "cut": ("truncated", right[:-1]),
        "with_a_byte_behind_it": ("truncated", right + b"\0"),
        "without_its_envelope": ("not-sealed", right[24:-64]),
        "of_another_kind": ("malformed", origin(number=9)),
        "moved_itself": ("malformed", origin(more={18: right})),
        "moved_by_this_device": ("wrong-key", carrying(right)),
        "of_another_version": ("unsupported", origin(k0=2)),
        "with_an_unknown_field": ("malformed", origin(more={19: 0})),
        "wrapped_in_another_way": ("malformed", origin(more={16: 2})),
        "with_a_wrap_too_short": ("malformed", origin(more={15: bytes(127)})),
        "empty": ("malformed", envelope(2, b"", SERVICE)),
    }
    return {
        f"origin_{name}": made(expect, carrying(value)) for name, (expect, value) in cases.items()
    }


def other_terms() -> dict[str, bytes]:
    """The device says more, or something else, than the service did."""
    said: Fields = {
        1: stream("other license", 16), 2: 1, 6: "another video", 7: "another job",
        8: NOW - 1, 9: NOW, 10: NOW + 1, 11: 3600, 12: 3600, 13: {0: False, 1: True},
        14: key_digest(stream("other content key", 32)),
    }  # fmt: skip
    found = {
        f"with_another_field_{key}": made("malformed", carrying(origin(**{f"k{key}": value})))  # type: ignore[arg-type]  # the name is computed
        for key, value in said.items()
    }
    unreleasable: Fields = {0: True, 1: False}
    found["with_another_right_to_release"] = made("malformed", carrying(origin(k13=unreleasable)))
    return found
