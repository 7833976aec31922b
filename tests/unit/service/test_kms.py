"""The local key service and its master key file."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, TamperedError
from vodseal.service.kms import contexts
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import MasterKey, create_master_key, load_master_key

CONTEXT = contexts.original("a" * 32)


def service(versions=None, current=1, identity=b"12345678") -> LocalKeyService:
    master = MasterKey(id=identity, current=current, versions=versions or {1: b"m" * 32})
    return LocalKeyService(Path(os.devnull), master, os.urandom)


def run(coroutine):
    return asyncio.run(coroutine)


def refused(kms, blob, context=CONTEXT):
    with pytest.raises(TamperedError):
        run(kms.decrypt(blob, context))


@pytest.mark.parametrize("size", [16, 32, 4096])
def test_a_data_key_comes_back(size):
    kms = service()
    key = run(kms.generate_data_key(CONTEXT, size))
    assert len(key.plain) == size
    assert run(kms.decrypt(key.blob, CONTEXT)) == key.plain
    if size:
        assert key.plain not in key.blob
        assert repr(key.plain) not in repr(key)


def test_a_blob_opens_only_in_its_context():
    kms = service()
    blob = run(kms.generate_data_key(CONTEXT, 32)).blob
    refused(kms, blob, contexts.original("b" * 32))
    refused(kms, blob, contexts.upload("a" * 32))
    refused(kms, blob, dict(CONTEXT) | {"more": ""})


def test_all_contexts_differ():
    made = [
        contexts.original("x"),
        contexts.upload("x"),
        contexts.stream("x", "x", "HLSEncryption"),
        contexts.stream("x", "x", "VodsealEncryption"),
        contexts.license_key("x", "x"),
        contexts.access_key("x"),
        contexts.service_key("x"),
    ]
    assert len({json.dumps(dict(context), sort_keys=True) for context in made}) == len(made)


def test_every_altered_bit_is_refused():
    kms = service()
    blob = run(kms.encrypt(b"k" * 16, CONTEXT))
    for bit in range(len(blob) * 8):
        altered = bytearray(blob)
        altered[bit // 8] ^= 1 << bit % 8
        refused(kms, bytes(altered))


def test_every_other_length_is_refused():
    kms = service()
    blob = run(kms.encrypt(b"k" * 16, CONTEXT))
    for size in range(len(blob)):
        refused(kms, blob[:size])
    refused(kms, blob + b"\0")


def test_another_master_key_opens_nothing():
    blob = run(service().encrypt(b"k" * 32, CONTEXT))
    refused(service(identity=b"87654321"), blob)
    refused(service(versions={1: b"x" * 32}), blob)


def test_old_versions_open_and_new_ones_wrap():
    old = service()
    both = service(versions={1: b"m" * 32, 2: b"n" * 32}, current=2)
    new = service(versions={2: b"n" * 32}, current=2)
    blob = run(old.encrypt(b"k" * 32, CONTEXT))
    assert run(both.decrypt(blob, CONTEXT)) == b"k" * 32
    refused(new, blob)
    again = run(both.reencrypt(blob, CONTEXT))
    assert run(new.decrypt(again, CONTEXT)) == b"k" * 32
    refused(old, again)


def test_the_same_key_is_wrapped_anew_each_time():
    kms = service()
    assert run(kms.encrypt(b"k", CONTEXT)) != run(kms.encrypt(b"k", CONTEXT))


def test_a_master_key_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "keys" / "x.key"
    made = create_master_key(path, os.urandom)
    assert load_master_key(path) == made
    assert made.versions[1].hex() not in repr(made)
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"format":2,"id":"0011223344556677","current":1,"versions":{"1":"%s"}}' % ("00" * 32),
        '{"format":1,"id":"00","current":1,"versions":{"1":"%s"}}' % ("00" * 32),
        '{"format":1,"id":"0011223344556677","current":2,"versions":{"1":"%s"}}' % ("00" * 32),
        '{"format":1,"id":"0011223344556677","current":1,"versions":{"1":"00"}}',
        '{"format":1,"id":"0011223344556677","current":1,"versions":[]}',
        '{"format":' * 200_000,
    ],
)
def test_other_files_are_no_master_key(tmp_path, text):
    path = tmp_path / "x.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(OperatorError) as caught:
        load_master_key(path)
    assert caught.value.code == ErrorCode.MASTER_KEY_UNUSABLE


def test_a_master_key_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OperatorError) as caught:
        create_master_key(tmp_path / "file" / "x.key", os.urandom)
    assert caught.value.code == ErrorCode.MASTER_KEY_UNUSABLE
