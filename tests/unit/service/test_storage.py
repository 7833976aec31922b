"""Blobs, the data folder, files of uploads, and the log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os

import pytest

from vodseal.container.reader import SealedReader
from vodseal.error_codes import ErrorCode
from vodseal.errors import MisuseError, OperatorError, TamperedError
from vodseal.service.blobs.local import LocalBlobs
from vodseal.service.data_folder import DataFolder
from vodseal.service.logs import log_to
from vodseal.service.upload_files import (
    PIECE_SIZE,
    BodyFile,
    PartFile,
    Seal,
    StoredPart,
    join_parts,
)
from vodseal.vault.sealed_files import FileSource


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture
def blobs(tmp_path):
    return LocalBlobs(tmp_path / "blobs")


def test_blobs_come_back(blobs):
    run(blobs.put("media/v/s/a.ts", b"0123456789"))
    run(blobs.make_durable("media/v"))
    run(blobs.make_durable("media/v/s/a.ts"))
    assert run(blobs.read("media/v/s/a.ts")) == b"0123456789"
    assert run(blobs.read("media/v/s/a.ts", 2, 5)) == b"234"
    assert run(blobs.read("media/v/s/a.ts", 4)) == b"456789"
    assert run(blobs.read("media/v/s/a.ts", 5, 5)) == b""
    info = run(blobs.info("media/v/s/a.ts"))
    assert info.size == 10
    assert info.etag
    assert run(blobs.info("media/v/s/b.ts")) is None
    with pytest.raises(FileNotFoundError):
        run(blobs.read("media/v/s/b.ts"))


def test_a_blob_is_streamed_in_pieces(blobs):
    data = os.urandom((5 << 20) + 3)
    run(blobs.put("x", data))

    async def collect(start, end):
        return [piece async for piece in blobs.stream("x", start, end)]

    pieces = run(collect(7, len(data)))
    assert b"".join(pieces) == data[7:]
    assert max(map(len, pieces)) == 1 << 20


def test_files_are_moved_in(blobs, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"data")
    run(blobs.put_file("originals/v/1", file))
    assert not file.exists()
    assert run(blobs.read("originals/v/1")) == b"data"


def test_a_prefix_is_erased_and_no_more(blobs):
    for key in ("media/v/s/a", "media/v/s/b", "media/v/t", "media/v2/a"):
        run(blobs.put(key, b"x"))
    assert sorted(run(blobs.list_names("media"))) == ["v", "v2"]
    assert run(blobs.delete_prefix("media/v")) == 3
    assert run(blobs.list_names("media")) == ["v2"]
    assert run(blobs.delete_prefix("media/v")) == 0
    assert run(blobs.delete_prefix("media/v2/a")) == 1


@pytest.mark.parametrize(
    "key", ["", "/x", "../x", "a/../b", "a//b", "a/", ".x", "a/.x", "a b", "ä"]
)
def test_other_keys_are_none(blobs, key):
    with pytest.raises(MisuseError):
        run(blobs.put(key, b""))
    with pytest.raises(MisuseError):
        blobs.local_path(key)


def test_a_data_folder_is_for_one_holder(tmp_path):
    first = DataFolder(tmp_path / "data", os.urandom)
    with pytest.raises(OperatorError) as caught:
        DataFolder(tmp_path / "data", os.urandom)
    assert caught.value.code == ErrorCode.DATA_FOLDER_IN_USE
    first.close()
    first.close()
    second = DataFolder(tmp_path / "data", os.urandom)
    assert second.id == first.id
    second.close()
    if os.name != "nt":
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_damaged_identity_is_told(tmp_path):
    DataFolder(tmp_path, os.urandom).close()
    (tmp_path / "id").write_text("x")
    with pytest.raises(OperatorError) as caught:
        DataFolder(tmp_path, os.urandom)
    assert caught.value.code == ErrorCode.DATA_FOLDER_UNUSABLE


KEY = b"k" * 32
SEAL = Seal(content_key=KEY, identity=b"i" * 16, object_key="sv/film.mp4")


def write_part(path, seal, number, *pieces):
    file = PartFile(path, seal, number)
    for piece in pieces:
        file.write(piece)
    file.finish()
    return StoredPart(number=number, path=path, size=file.size)


def joined(tmp_path, parts, seal):
    body = BodyFile(tmp_path / "body", None, os.urandom)
    join_parts(parts, seal, body)
    body.finish("video/mp4", 1.0)
    data = (tmp_path / "body").read_bytes()
    body.discard()
    return data


@pytest.mark.parametrize("seal", [None, SEAL])
def test_parts_are_joined_in_order(tmp_path, seal):
    first, second = os.urandom(PIECE_SIZE), os.urandom(100)
    parts = [
        write_part(tmp_path / "1", seal, 1, first, second),
        write_part(tmp_path / "2", seal, 2, b"end"),
    ]
    assert joined(tmp_path, parts, seal) == first + second + b"end"
    if seal is not None:
        assert second not in (tmp_path / "1").read_bytes()


def test_a_sealed_part_cannot_stand_in_for_another(tmp_path):
    part = write_part(tmp_path / "1", SEAL, 1, b"one", b"two")
    other = StoredPart(number=2, path=part.path, size=part.size)
    with pytest.raises(TamperedError):
        joined(tmp_path, [other], SEAL)


def test_a_part_that_was_cut_is_noticed(tmp_path):
    part = write_part(tmp_path / "1", SEAL, 1, b"x" * 1000, b"y" * 1000)
    content = part.path.read_bytes()
    part.path.write_bytes(content[: len(content) // 2])  # a whole piece is left
    (tmp_path / "body").unlink(missing_ok=True)
    with pytest.raises(TamperedError):
        joined(tmp_path, [part], SEAL)


def test_a_sealed_body_is_a_sealed_file(tmp_path):
    data = os.urandom(9 << 20)
    body = BodyFile(tmp_path / "body", SEAL, os.urandom)
    for offset in range(0, len(data), PIECE_SIZE):
        body.write(data[offset : offset + PIECE_SIZE])
    body.finish("video/mp4", 5.0)
    with FileSource(tmp_path / "body") as source:
        reader = SealedReader(source, KEY)
        assert reader.readall() == data
        assert reader.meta.content_type == "video/mp4"
    body.discard()
    assert not (tmp_path / "body").exists()


@pytest.fixture
def log():
    stream = io.StringIO()
    logger = logging.getLogger("vodseal.service")
    before = (logger.handlers[:], logger.level, logger.propagate)
    log_to(stream)
    yield stream
    logger.handlers[:], level, logger.propagate = before
    logger.setLevel(level)


def test_a_log_line_has_known_fields_only(log):
    extra = {"request_id": "R", "secret": "hush", "status": 200, "video_id": ""}
    logging.getLogger("vodseal.service.dispatch").info("A request was answered", extra=extra)
    line = json.loads(log.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "A request was answered",
        "request_id": "R",
        "status": 200,
    }


def test_an_error_is_logged_with_its_trace(log):
    try:
        {}["x"]
    except KeyError:
        logging.getLogger("vodseal.service.x").exception("It failed")
    line = json.loads(log.getvalue())
    assert line["error"] == "KeyError"
    assert "test_storage.py" in line["trace"]
