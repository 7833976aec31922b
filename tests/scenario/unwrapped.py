"""What a service holds in memory: the keys of its database, unwrapped, and its streams, clear.

A scan can only find what it knows. The test has the master key, as the service
has, and opens with it whatever the database holds wrapped.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from vodseal.container import keys
from vodseal.media.playlist import parse_media
from vodseal.service.kms import contexts
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import load_master_key

__all__ = ["clear_streams", "content_keys", "unwrap_all"]

# table: columns that name the object, and the context of its wrapped key
_WRAPPED = {
    "videos": (("id",), "source_key_blob", contexts.original),
    "uploads": (("id",), "key_blob", contexts.upload),
    "streams": (("video_id", "id", "encrypt_type"), "key_blob", contexts.stream),
    "access_keys": (("id",), "secret_blob", contexts.access_key),
    "licenses": (("download_id", "device_id"), "key_blob", contexts.license_key),
    "service_keys": (("name",), "key_blob", contexts.service_key),
}


def unwrap_all(data: Path, home: Path) -> dict[str, bytes]:
    """Return every key that the service of this data folder could open, by where it is stored."""
    identity = (data / "id").read_text().strip()
    path = home / "keys" / f"{identity}.key"
    master = load_master_key(path)
    service = LocalKeyService(path, master, os.urandom)
    found = {f"master key {number}": key for number, key in master.versions.items()}
    with closing(_open(data)) as database:
        for table, (ids, column, context) in _WRAPPED.items():
            names = ", ".join(ids)
            query = f"SELECT {names}, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - of our own table
            for *names, blob in database.execute(query):
                plain = asyncio.run(service.decrypt(blob, context(*names)))
                found[f"{table} {' '.join(names)}"] = plain
    return found


def content_keys(unwrapped: dict[str, bytes]) -> dict[str, bytes]:
    """Return the content key of each download, and what is derived from it for its staging."""
    found: dict[str, bytes] = {}
    for name, key in unwrapped.items():
        table, *ids = name.split()
        if table == "licenses":
            download_id = bytes.fromhex(ids[0])
            found[f"content key {ids[0]}"] = key
            found[f"stage key {ids[0]}"] = keys.stage_key(key, download_id)
            found[f"job key {ids[0]}"] = keys.job_key(key, download_id)
    return found


def clear_streams(data: Path, unwrapped: dict[str, bytes]) -> dict[str, bytes]:
    """Return every encrypted stream of the service by its id, opened, each piece after the other."""
    with closing(_open(data)) as database:
        rows = database.execute(
            "SELECT video_id, id, encrypt_type, entry_key FROM streams WHERE key_blob IS NOT NULL"
        ).fetchall()
    found: dict[str, bytes] = {}
    for video, stream, encrypt_type, entry in rows:
        playlist = data / "blobs" / entry
        segments = parse_media(playlist.read_text(), "http://here/").segments
        section = segments[0].map
        parts = [(section.uri, section.key.iv)] if section and section.key else []
        parts += [(segment.uri, segment.iv()) for segment in segments]
        found[stream] = b""
        for uri, iv in parts:
            sealed = (playlist.parent / Path(urlsplit(uri).path).name).read_bytes()
            key = AES128(unwrapped[f"streams {video} {stream} {encrypt_type}"])
            opener = Cipher(key, CBC(iv)).decryptor()
            padded = opener.update(sealed) + opener.finalize()
            found[stream] += padded[: -padded[-1]]
    return found


def _open(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data / 'service.db'}?mode=ro", uri=True)
