"""Vectors of requests that a device stamps (SPEC rpc, 11). What is given out is the nonce."""

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from spec.credential.forms import DEVICE, NOW, SERIAL, STRANGER
from spec.kit import cbor, flip, not_reduced, public, stream
from spec.vector import vector

NONCE = stream("stamp nonce", 16)
LABEL = b"vodseal1/request\0"
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
ACTION = {"Action": "AcquireDownloadLicense", "Version": "2017-03-21", "VideoId": "5aed81b7"}
TRANSPORT = dict.fromkeys(
    (
        "DeviceStamp", "AccessKeyId", "AuthInfo", "Format", "SecurityToken", "Signature",
        "SignatureMethod", "SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp",
    ),
    "added later",
)  # fmt: skip


def encoded(text: str) -> str:
    return "".join(chr(b) if b in UNRESERVED else f"%{b:02X}" for b in text.encode())


@dataclass(frozen=True)
class Request:
    method: str = "POST"
    path: str = "/"
    parameters: dict[str, str] = field(default_factory=lambda: ACTION)
    serial: bytes = SERIAL
    at: int = NOW

    def stamp(self, *, label: bytes = LABEL, signer: Ed25519PrivateKey = DEVICE.signing) -> bytes:
        """Nonce, time and signature, before base64."""
        names = sorted(self.parameters, key=str.encode)
        query = "&".join(f"{encoded(name)}={encoded(self.parameters[name])}" for name in names)
        digest = hashlib.sha256(query.encode()).digest()
        covered = cbor([self.method, self.path, digest, self.serial, NONCE, self.at])
        return NONCE + self.at.to_bytes(8, "big") + signer.sign(label + covered)

    def asked(self, **replaced: object) -> dict[str, object]:
        """What a reader is given beside the stamp."""
        given: dict[str, object] = {
            "method": self.method, "path": self.path, "parameters": json.dumps(self.parameters),
            "serial": self.serial, "device_signing_key": public(DEVICE.signing), "now": NOW,
        }  # fmt: skip
        return given | replaced


REQUEST = Request()


def text(stamp: bytes) -> bytes:
    return base64.b64encode(stamp)


def stamps() -> dict[str, bytes]:
    cases = good() | bad_signatures() | other_requests() | bad_times() | bad_texts()
    return {f"stamp_{name}": data for name, data in cases.items()}


def good() -> dict[str, bytes]:
    odd = {"Title": "a b*~é/+&=%7E視😀\n", "": "", "é": "5", "z": "", "😀": "1", "\uffee": "2"}
    requests = {
        "of_this_device": REQUEST,
        "of_a_get_elsewhere": Request(method="GET", path="/key"),
        "without_parameters": Request(parameters={}),
        "with_every_kind_of_character": Request(parameters=odd),
        "of_the_first_second": Request(at=NOW - 300),
        "of_the_last_second": Request(at=NOW + 300),
    }
    made = {
        name: vector("stamp", "ok", text(each.stamp()), NONCE, **each.asked())
        for name, each in requests.items()
    }
    later = json.dumps(TRANSPORT | ACTION)
    made["with_what_the_transport_adds"] = vector(
        "stamp", "ok", text(REQUEST.stamp()), NONCE, **REQUEST.asked(parameters=later)
    )
    return made


def bad_signatures() -> dict[str, bytes]:
    right = REQUEST.stamp()
    stamps = {
        "of_a_stranger": REQUEST.stamp(signer=STRANGER),
        "without_its_label": REQUEST.stamp(label=b""),
        "of_another_label": REQUEST.stamp(label=b"vodseal1/acquire\0"),
        "with_its_nonce_altered": flip(right, 0),
        "with_its_time_altered": flip(right, 23),
        "with_its_signature_altered": flip(right, -1),
        "with_a_scalar_not_reduced": not_reduced(right),
        "with_a_signature_of_zeros": right[:24] + bytes(64),
    }
    return {
        name: vector("stamp", "tampered", text(each), **REQUEST.asked())
        for name, each in stamps.items()
    }


def other_requests() -> dict[str, bytes]:
    """A right stamp, beside a request that it was not made for."""
    others = {
        "another_method": replace(REQUEST, method="GET"),
        "another_path": replace(REQUEST, path="/key"),
        "another_security_file": replace(REQUEST, serial=stream("other serial", 16)),
        "another_value": replace(REQUEST, parameters=ACTION | {"VideoId": "5aed81b8"}),
        "a_parameter_more": replace(REQUEST, parameters=ACTION | {"More": ""}),
        "a_parameter_less": replace(REQUEST, parameters={"Action": ACTION["Action"]}),
        "a_name_in_other_case": replace(REQUEST, parameters=ACTION | {"format": "JSON"}),
    }
    stamp = text(REQUEST.stamp())
    return {
        f"for_{name}": vector("stamp", "tampered", stamp, **each.asked())
        for name, each in others.items()
    }


def bad_times() -> dict[str, bytes]:
    times = {"too_old": NOW - 301, "too_new": NOW + 301, "of_1970": 0}
    return {
        name: vector("stamp", "not-now", text(Request(at=at).stamp()), **REQUEST.asked())
        for name, at in times.items()
    }


def bad_texts() -> dict[str, bytes]:
    right = REQUEST.stamp()
    whole = text(right)
    texts = {
        "empty": b"",
        "cut": text(right[:-1]),
        "with_a_byte_behind_it": text(right + b"\0"),
        "without_its_padding": whole.rstrip(b"="),
        "of_another_alphabet": text(b"\xff" * 88).replace(b"/", b"_"),
        "with_a_line_break": whole[:64] + b"\n" + whole[64:],
        "in_hex": right.hex().encode(),
    }
    return {
        name: vector("stamp", "malformed", each, **REQUEST.asked()) for name, each in texts.items()
    }
