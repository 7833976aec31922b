"""Every vector of the signed forms; and the generator against the vectors (SPEC rpc §9)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vodseal.errors import RpcError
from vodseal.rpc.hls_token import check_token
from vodseal.rpc.play_auth import check_auth_info
from vodseal.rpc.signing_v1 import verify
from vodseal.rpc.url_auth import check

SPEC = Path(__file__).resolve().parents[2] / "spec" / "rpc"
VECTORS = sorted((SPEC / "vectors").glob("*.json"))


def verdict(vector: dict[str, Any]) -> str:
    form = vector["of"]
    if form == "media-url":
        now, seconds = vector["now"], vector["valid_seconds"]
        keys = vector["keys"]
        return check(vector["path"], vector["auth_key"], keys, now=now, valid_seconds=seconds).value
    try:
        if form == "signature-v1":
            verify(vector["method"], vector["parameters"], vector["secret"])
        elif form == "auth-info":
            key = bytes.fromhex(vector["key"])
            check_auth_info(key, vector["text"], video_id=vector["video"], now=vector["now"])
        else:
            assert form == "hls-uri-token"
            key = bytes.fromhex(vector["key"])
            check_token(key, vector["text"], video_id=vector["video"], now=vector["now"])
    except RpcError as error:
        return error.server_code
    return "ok"


def test_there_are_vectors_of_every_form_and_both_verdicts() -> None:
    vectors = [json.loads(path.read_text(encoding="utf-8")) for path in VECTORS]
    good = {vector["of"] for vector in vectors if vector["expect"] in {"ok", "valid"}}
    bad = {vector["of"] for vector in vectors if vector["expect"] not in {"ok", "valid"}}
    assert good == bad == {"signature-v1", "auth-info", "hls-uri-token", "media-url"}
    assert len(vectors) > 50


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    vector = json.loads(path.read_text(encoding="utf-8"))
    assert verdict(vector) == vector["expect"]


def test_the_generator_still_writes_these_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SPEC / "make.py"), str(tmp_path)], check=True, timeout=60)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in VECTORS}
