"""Whether the time of a refusal tells where a guess was wrong. See README.md.

    python benchmarks/timing_refusals.py [--samples N] [--requests N] > result.json

The way of dudect: two classes of wrong input, in random order, timed one by one; the slowest
twentieth of both together is dropped; Welch's t of the rest. |t| below 4.5 shows no difference.
A comparison that is leaky on purpose has to be found, or the figures mean nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import platform
import random
import statistics
import sys
import time
from typing import TYPE_CHECKING

from refused_requests import apart, refused_requests

from vodseal.container.cobblestone import open_message, seal_message
from vodseal.container.header import Header
from vodseal.errors import VodsealError
from vodseal.rpc.hls_token import HlsToken, check_token, make_token
from vodseal.rpc.play_auth import AuthInfo, check_auth_info, make_auth_info
from vodseal.rpc.signing_v1 import sign, verify
from vodseal.rpc.url_auth import auth_key, check

if TYPE_CHECKING:
    from collections.abc import Callable


KEY, FILE_ID, VIDEO = bytes(range(32)), b"f" * 16, "a" * 32
POOL, CROP = 32, 0.95
_KINDS = (b"0123456789", b"abcdef", b"ghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
NOW = 1_700_000_000.0
Case = tuple["Callable[[bytes], object]", bytes, int, int]


def cases() -> dict[str, Case]:
    """Return what is refused: a call, a right input, and where its check begins and ends."""
    header = Header(file_id=FILE_ID, download_id=b"d" * 16, plaintext_size=5, meta_size=100)
    sealed = seal_message(KEY, b"context", b"x" * 100)
    parameters = {"Action": "GetPlayInfo", "VideoId": VIDEO, "SignatureNonce": "n" * 32}
    signature = sign("POST", parameters, "secret").encode()
    token = make_token(KEY, HlsToken(expires_at=2**40, nonce=b"n" * 8, video_id=VIDEO)).encode()
    info = make_auth_info(KEY, AuthInfo(media_id=VIDEO, caller="x", expires_at=NOW * 2)).encode()
    mac_at = info.index(b'"Signature":"') + len(b'"Signature":"')
    url = auth_key("/media/x.ts", "url key", signed_at=int(NOW)).encode()
    whole = header.encode(KEY)

    def open_header(data: bytes) -> object:
        return Header.open(data, KEY, file_size=header.file_size)

    def verify_request(data: bytes) -> object:
        return verify("POST", {**parameters, "Signature": data.decode("ascii")}, "secret")

    return {
        "header, key check value": (open_header, whole, 96, 111),
        "header, MAC": (open_header, whole, 112, 143),
        "sealed message, commitment": (
            lambda data: open_message(KEY, b"context", data), sealed, 24, 55,
        ),
        "request, signature V1": (verify_request, signature, 0, len(signature) - 3),
        "key token, MAC": (
            lambda data: check_token(KEY, data.decode(), video_id=VIDEO, now=NOW),
            token, token_mac(token), len(token) - 2,
        ),
        "PlayAuth, MAC": (
            lambda data: check_auth_info(KEY, data.decode(), video_id=VIDEO, now=NOW),
            info, mac_at, info.index(b'"', mac_at) - 3,
        ),
        "media URL, hash": (
            lambda data: check("/media/x.ts", data.decode(), ("url key",), now=NOW,
                               valid_seconds=1e9),
            url, len(url) - 32, len(url) - 1,
        ),
    }  # fmt: skip


def token_mac(token: bytes) -> int:
    """Return where the last 32 bytes of a token begin, in base64."""
    return len(token) - 42


def wrong(data: bytes, at: int) -> bytes:
    """Return ``data`` with another byte at ``at``.

    A digit becomes a digit and a letter a letter: what an attacker sent may take
    a parser longer or shorter, and that tells nothing of the secret.
    """
    now = data[at]
    kind = next((kind for kind in _KINDS if now in kind), None) if data.isascii() else None
    other = random.choice([b for b in kind if b != now]) if kind else now ^ 1 << random.randrange(8)
    return data[:at] + bytes([other]) + data[at + 1 :]


def timed(case: Case, samples: int) -> tuple[float, float]:
    """Return Welch's t of the two classes, and the median time of a refusal in microseconds."""
    call, right, first, last = case
    pools = [[wrong(right, at) for at in (first, last)] for _ in range(POOL)]
    order = [(bit, pools[random.randrange(POOL)][bit]) for bit in random.choices((0, 1), k=samples)]
    times = [0] * samples
    clock = time.perf_counter_ns
    gc.disable()
    for number, (_, pooled) in enumerate(order):
        data = bytes(bytearray(pooled))  # where it lies must not depend on its class
        begun = clock()
        try:
            refused = call(data) not in (None, True)
        except VodsealError:
            refused = True
        times[number] = clock() - begun
        assert refused
    gc.enable()
    limit = sorted(times)[int(samples * CROP)]
    classes: tuple[list[int], list[int]] = ([], [])
    for (bit, _), taken in zip(order, times, strict=True):
        if taken <= limit:
            classes[bit].append(taken)
    return welch(*classes), statistics.median(times) / 1000


def welch(one: list[int], other: list[int]) -> float:
    """Return Welch's t."""
    means = [statistics.fmean(item) for item in (one, other)]
    spread = sum(
        statistics.fmean([(x - mean) ** 2 for x in item]) / len(item)
        for item, mean in zip((one, other), means, strict=True)
    )
    return (means[0] - means[1]) / math.sqrt(spread)


def leaky() -> Case:
    """Return a comparison that ends at the first difference: it has to be found."""
    right = os.urandom(32)

    def compare(data: bytes) -> bool:
        return all(a == b for a, b in zip(data, right, strict=True))

    return compare, right, 0, 31


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    found = {}
    for name, case in {**cases(), "leaky on purpose": leaky()}.items():
        t, median = timed(case, options.samples)
        found[name] = {"t": round(t, 2), "median_us": round(median, 2)}
        print(f"{name}: t {t:.2f}, {median:.1f} us", file=sys.stderr)
    requests, licenses = asyncio.run(refused_requests(options.requests))
    result = {
        "samples": options.samples,
        "compares": found,
        "key_requests": requests,
        "license_requests": licenses,
        "refusal_medians_apart": {"key": apart(requests), "license": apart(licenses)},
        "machine": {"cpu": platform.processor(), "python": platform.python_version()},
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
