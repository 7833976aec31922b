"""The form of a vector file, and the command that writes a folder of them or checks it.

A vector is a text head, an empty line, then the bytes, compressed by zlib. The
head says which ``reader`` has to read them and what to ``expect``: ``ok``, or the
class of the failure in the words of the SPEC. ``released`` and ``sha256`` are the
size and hash of what a reader may give out before it ends or fails. The rest is
what the reader is given beside the bytes.
"""

import hashlib
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

Fields = dict[str, str]


def vector(reader: str, expect: str, data: bytes, plain: bytes = b"", **given: object) -> bytes:
    head = {"vodseal-vector": "1", "reader": reader, "expect": expect}
    head |= {name.replace("_", "-"): text(value) for name, value in given.items()}
    head |= {"released": str(len(plain)), "sha256": hashlib.sha256(plain).hexdigest()}
    lines = "".join(f"{name}: {value}\n" for name, value in head.items())
    return lines.encode() + b"\n" + zlib.compress(data, 9)


def text(value: object) -> str:
    """Bytes in hex; several with a comma between them."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return ",".join(map(text, value))
    return str(value)


def parse(raw: bytes) -> tuple[Fields, bytes]:
    """Head and bytes. Two vectors are the same when both are: zlib may compress otherwise."""
    head, _, body = raw.partition(b"\n\n")
    fields = dict(line.partition(":")[::2] for line in head.decode().splitlines())
    return {name: value.strip() for name, value in fields.items()}, zlib.decompress(body)


def main(made: Mapping[str, bytes], folder: Path) -> None:
    """Write the vectors into ``folder``, or with ``--check`` compare it to them."""
    if "--check" not in sys.argv[1:]:
        folder.mkdir(exist_ok=True)
        for name, data in made.items():
            (folder / f"{name}.vec").write_bytes(data)
        return
    there = {path.stem: parse(path.read_bytes()) for path in folder.glob("*.vec")}
    wrong = {name for name, data in made.items() if there.get(name) != parse(data)}
    wrong |= there.keys() - made.keys()
    if wrong:
        sys.exit(f"not what the generator writes: {', '.join(sorted(wrong))}")
    print(f"{len(there)} vectors are what the generator writes")
