"""What is handed out and comes back: play credentials, tokens, signed URLs, wrapped keys."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from fuzz import kit
from vodseal.credential.stamp import Stamp, StampedRequest
from vodseal.rpc import hls_token, play_auth, url_auth
from vodseal.rpc.codec import encode_json
from vodseal.rpc.signing_v1 import verify
from vodseal.service.kms.blob import KEY_ID_SIZE, ProviderId, split_blob
from vodseal.service.session_tokens import Session, SessionKind, open_token, seal_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY: Final = bytes(range(32))
NOW: Final = 1_700_000_000.0
URL_KEYS: Final = ("primary", "secondary")


def _play_auth(data: bytes) -> None:
    assert play_auth.encode(play_auth.decode(data.decode(errors="replace")))


def _play_auth_inside(data: bytes) -> None:
    _play_auth(base64.b64encode(data))


def _auth_info(data: bytes) -> None:
    play_auth.check_auth_info(KEY, data.decode(errors="replace"), video_id="v", now=NOW)


def _auth_info_behind_its_mac(data: bytes) -> None:
    try:
        members: Any = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(members, dict) and all(isinstance(each, str) for each in members.values()):
        members.pop("Signature", None)
        members["Signature"] = play_auth._mac(KEY, members)
        play_auth.check_auth_info(KEY, encode_json(members), video_id="v", now=NOW)


def _hls_token(data: bytes) -> None:
    hls_token.check_token(KEY, data.decode(errors="replace"), video_id="v", now=NOW)


def _hls_token_behind_its_mac(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data + hls_token._mac(KEY, data))
    _hls_token(text)


def _url(data: bytes) -> None:
    path, _, given = data.decode(errors="replace").partition("?auth_key=")
    verdict = url_auth.check(path, given, URL_KEYS, now=NOW, valid_seconds=60)
    assert verdict is not url_auth.UrlVerdict.VALID or len(given) > 32


def _session(data: bytes) -> None:
    open_token(KEY, data.decode(errors="replace"))


def _stamp(data: bytes) -> None:
    stamp = Stamp.parse(data.decode(errors="replace"))
    stamp.is_fresh(NOW)
    StampedRequest(method="POST", path="/", parameters={}, serial=bytes(16)).verify(stamp, KEY)


def _signature(data: bytes) -> None:
    names = ("Signature", "SignatureMethod", "SignatureVersion", "A", "Ä")
    texts = data.decode(errors="surrogateescape").split("\n")
    verify("GET", dict(zip(names, texts, strict=False)), "secret")


def _wrapped_key(data: bytes) -> None:
    head, _ = split_blob(data, ProviderId.LOCAL, bytes(KEY_ID_SIZE))
    assert data.startswith(head.encode())


READS: Final[tuple[Callable[[bytes], None], ...]] = (
    _play_auth,
    _play_auth_inside,
    _auth_info,
    _auth_info_behind_its_mac,
    _hls_token,
    _hls_token_behind_its_mac,
    _url,
    _session,
    _stamp,
    _signature,
    _wrapped_key,
)


def test_one(data: bytes) -> bool:
    """The first byte says which."""
    return bool(data) and kit.takes(lambda: READS[data[0] % len(READS)](data[1:]))


def seeds() -> Iterator[bytes]:
    def of(read: Callable[[bytes], None], data: bytes) -> bytes:
        return bytes([READS.index(read)]) + data

    members = {"AccessKeyId": "STS.a", "AccessKeySecret": "s", "SecurityToken": "t"}
    members |= {"AuthInfo": "{}", "VideoMeta": {"VideoId": "v"}, "CustomerId": 7}
    text = json.dumps(members).encode()
    yield from (of(_play_auth, base64.b64encode(text)), of(_play_auth_inside, text))
    info = play_auth.AuthInfo(media_id="v", caller="c", expires_at=NOW + 60)
    made = play_auth.make_auth_info(KEY, info).encode()
    yield from (of(_auth_info, made), of(_auth_info_behind_its_mac, made))
    token = hls_token.HlsToken(expires_at=int(NOW) + 9, nonce=bytes(8), video_id="v")
    sealed = hls_token.make_token(KEY, token).encode()
    yield of(_hls_token, sealed)
    yield of(_hls_token_behind_its_mac, base64.urlsafe_b64decode(sealed + b"=" * 3)[:-32])
    yield of(_url, url_auth.sign("/media/a.ts", URL_KEYS[0], signed_at=int(NOW)).encode())
    session = Session(kind=SessionKind.PLAY, key_id="STS.a", secret="s", expires_at=NOW)  # noqa: S106
    yield of(_session, seal_token(KEY, session, bytes).encode())
    yield of(_stamp, base64.b64encode(bytes(16) + int(NOW).to_bytes(8, "big") + bytes(64)))
    yield of(_signature, b"c2lnbmF0dXJl\nHMAC-SHA1\n1.0\na\nb")
    yield of(_wrapped_key, bytes([ProviderId.LOCAL]) + bytes(KEY_ID_SIZE) + bytes(4) + b"sealed")
    for form, read in (("auth-info", _auth_info), ("hls-uri-token", _hls_token)):
        yield from (of(read, each["text"].encode()) for each in kit.json_vectors(form))
