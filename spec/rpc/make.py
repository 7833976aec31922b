"""Write the vectors of the forms that are signed: one case each, always the same bytes.

Imports nothing from ``src``. ``python spec/rpc/make.py [FOLDER]`` writes
``vectors/`` anew; a released vector never changes (SPEC rpc, 9).
"""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

Values = dict[str, Any]
Cases = dict[str, tuple[str, Values]]

NOW = 1_767_323_045
KEY = b"\x11" * 32
VIDEO = "0123456789abcdef0123456789abcdef"
SECRET = "testAccessKeySecret"  # noqa: S105 - the vendor's published example
DOCUMENT = {
    "Format": "JSON",
    "AccessKeyId": "testAccessKeyId",
    "Action": "GetVideoPlayAuth",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "8f8a035d-6496-4268-afd4-67c22837e38d",
    "Version": "2017-03-21",
    "SignatureVersion": "1.0",
    "VideoId": "5aed81b74ba84920be578cdfe004af4b",
    "Timestamp": "2017-10-10T12:02:54Z",
}
PUBLISHED = "Ibgh7y8Vp47LBuAsf5Xhi1SvDss="
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"


def enc(text: str) -> str:
    return "".join(chr(b) if b in UNRESERVED else f"%{b:02X}" for b in text.encode())


def signature(method: str, parameters: Values, secret: str = SECRET) -> str:
    names = sorted(set(parameters) - {"Signature"}, key=str.encode)
    query = "&".join(f"{enc(name)}={enc(parameters[name])}" for name in names)
    text = f"{method}&%2F&{enc(query)}"
    mac = hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")
    return base64.b64encode(mac).decode()


def signed(method: str = "GET", alter: Values | None = None, **more: str) -> Values:
    parameters = {**DOCUMENT, **more}
    parameters["Signature"] = signature(method, parameters)
    return {"method": method, "secret": SECRET, "parameters": {**parameters, **(alter or {})}}


def signatures() -> Cases:
    no = "SignatureDoesNotMatch"
    assert signed()["parameters"]["Signature"] == PUBLISHED
    timeless = {name: value for name, value in DOCUMENT.items() if name != "Timestamp"}
    timeless["Signature"] = signature("GET", timeless)
    return {
        "published": ("ok", signed()),
        "post": ("ok", signed("POST")),
        "every_kind_of_character": ("ok", signed(Title="a b*~é/+&=%7E视😀\n")),
        "empty_parameter": ("ok", signed(Formats="", SignatureType="")),
        "names_in_byte_order": ("ok", signed(a="1", B="2", b="3", A="4", é="5")),
        "no_timestamp": ("ok", dict(signed(), parameters=timeless)),
        "another_method": (no, dict(signed(), method="POST")),
        "another_secret": (no, dict(signed(), secret=SECRET + "&")),
        "value_altered": (no, signed(alter={"VideoId": VIDEO})),
        "empty_parameter_added": (no, signed(alter={"Formats": ""})),
        "signature_altered": (no, signed(alter={"Signature": PUBLISHED.lower()})),
        "signature_empty": ("MissingSignature", signed(alter={"Signature": ""})),
        "another_algorithm": ("InvalidParameter.SignatureMethod", signed(SignatureMethod="none")),
        "another_version": ("InvalidParameter.SignatureVersion", signed(SignatureVersion="2.0")),
    }


def auth_info(alter: Values | None = None, drop: str = "", key: bytes = KEY) -> Values:
    members = {"CI": "", "Caller": "key-é", "ExpireTime": "2026-01-02T03:04:05Z"}
    members |= {"MediaId": VIDEO, "PlayDomain": "media.example"}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    mac = hmac.digest(key, b"vodseal1/auth-info\0" + text.encode(), "sha256")
    members["Signature"] = base64.b64encode(mac).decode()
    members |= alter or {}
    text = json.dumps({k: v for k, v in members.items() if k != drop}, ensure_ascii=False)
    return {"key": KEY.hex(), "video": VIDEO, "now": NOW - 1, "text": text}


def auth_infos() -> Cases:
    no = "InvalidAuthInfo"
    return {
        "valid": ("ok", auth_info()),
        "at_its_end": ("InvalidAuthInfo.ExpireTime", dict(auth_info(), now=NOW)),
        "another_video": ("InvalidAuth.MediaId", dict(auth_info(), video=VIDEO[::-1])),
        "another_video_and_over": ("InvalidAuth.MediaId", dict(auth_info(), video="x", now=NOW)),
        "video_altered": (no, auth_info({"MediaId": VIDEO[::-1]})),
        "end_altered": (no, auth_info({"ExpireTime": "2036-01-02T03:04:05Z"})),
        "member_added": (no, auth_info({"More": ""})),
        "member_dropped": (no, auth_info(drop="CI")),
        "not_a_text": (no, auth_info({"CI": 0})),
        "signature_dropped": (no, auth_info(drop="Signature")),
        "another_key": (no, auth_info(key=b"\x12" * 32)),
        "not_json": (no, dict(auth_info(), text="nothing")),
        "not_an_object": (no, dict(auth_info(), text="[]")),
    }


def hls_token(
    video: str = VIDEO,
    *,
    version: int = 1,
    flip: int | None = None,
    cut: int = 0,
    key: bytes = KEY,
    label: bytes = b"vodseal1/hls-uri-token\0",
) -> Values:
    body = bytes([version]) + NOW.to_bytes(8, "big") + bytes(range(8)) + video.encode()
    data = bytearray(body + hmac.digest(key, label + body, "sha256"))
    if flip is not None:
        data[flip] ^= 1
    text = base64.urlsafe_b64encode(data[: len(data) - cut]).rstrip(b"=").decode()
    return {"key": KEY.hex(), "video": VIDEO, "now": NOW - 1, "text": text}


def hls_tokens() -> Cases:
    no = "InvalidHlsUriToken"
    return {
        "valid": ("ok", hls_token()),
        "for_every_video": ("ok", hls_token("")),
        "at_its_end": (f"{no}.Expired", dict(hls_token(), now=NOW)),
        "another_video": (f"{no}.MediaId", dict(hls_token(), video=VIDEO[::-1])),
        "version_2": (no, hls_token(version=2)),
        "end_altered": (no, hls_token(flip=8)),
        "nonce_altered": (no, hls_token(flip=9)),
        "video_altered": (no, hls_token(flip=17)),
        "mac_altered": (no, hls_token(flip=-1)),
        "mac_cut": (no, hls_token(cut=1)),
        "another_key": (no, hls_token(key=b"\x12" * 32)),
        "another_label": (no, hls_token(label=b"")),
        "empty": (no, dict(hls_token(), text="")),
        "not_base64url": (no, dict(hls_token(), text="+/+/")),
    }


def media_url(
    path: str = "/media/a%20b/index.m3u8",
    rand: str = "0",
    uid: str = "0",
    key: str = "primary",
    ts: int = NOW,
) -> Values:
    text = f"{path}-{ts}-{rand}-{uid}-{key}"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    value = f"{ts}-{rand}-{uid}-{digest}"
    keys = ["primary", "secondary"]
    return {"path": path, "auth_key": value, "keys": keys, "now": NOW, "valid_seconds": 1800}


def media_urls() -> Cases:
    cdn = media_url("/video/standard/1K.html", key="aliyuncdnexp1234", ts=1_444_435_200)
    value = media_url()["auth_key"]
    later, short = value.replace("45-", "46-", 1), value.replace("-0-0-", "-0-")
    return {
        "published": ("valid", dict(cdn, keys=["aliyuncdnexp1234"], now=1_444_435_200)),
        "secondary_key": ("valid", media_url(key="secondary")),
        "rand_and_uid": ("valid", media_url(rand="a1B2_", uid="user_7")),
        "last_second": ("valid", dict(media_url(), now=NOW + 1800)),
        "over": ("expired timestamp", dict(media_url(), now=NOW + 1801)),
        "another_path": ("invalid md5hash", dict(media_url(), path="/media/a b/index.m3u8")),
        "another_key": ("invalid md5hash", media_url(key="third")),
        "time_altered": (
            "invalid md5hash",
            dict(media_url(), auth_key=later),
        ),
        "upper_case": ("malformed auth_key", dict(media_url(), auth_key=value.upper())),
        "three_fields": (
            "malformed auth_key",
            dict(media_url(), auth_key=short),
        ),
        "none": ("no auth_key", dict(media_url(), auth_key="")),
    }


FORMS = {
    "signature-v1": signatures,
    "auth-info": auth_infos,
    "hls-uri-token": hls_tokens,
    "media-url": media_urls,
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    for form, cases in FORMS.items():
        for name, (expect, values) in cases().items():
            text = json.dumps(
                {"of": form, "expect": expect, **values}, indent=1, ensure_ascii=False
            )
            (folder / f"{form}.{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
