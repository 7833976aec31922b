"""The reader in another language reads every vector, and agrees (spec/reader)."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

from tests.tools import require_tool
from tests.vectors.cases import SPEC, load, paths

if TYPE_CHECKING:
    from pathlib import Path

READER = SPEC / "reader"
FORMATS = ("container", "credential", "license")
IMPORT = re.compile(r"""(?:from\s+|import\s*\(?\s*)["']([^"']+)["']""")


def read(*folders: Path) -> subprocess.CompletedProcess[str]:
    command = [require_tool("node"), READER / "read.mjs", *folders]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def altered(source: Path, folder: Path, old: str, new: str) -> None:
    """A copy of a vector whose head says something else."""
    head, end, body = source.read_bytes().partition(b"\n\n")
    assert old.encode() in head
    (folder / source.name).write_bytes(head.replace(old.encode(), new.encode()) + end + body)


def test_it_agrees_on_every_vector() -> None:
    done = read(*(SPEC / name / "vectors" for name in FORMATS))
    assert (done.stderr, done.returncode) == ("", 0)
    expected = Counter(load(path).reader for name in FORMATS for path in paths(name))
    assert json.loads(done.stdout) == expected
    assert expected.total() >= 150


def test_it_says_so_when_it_disagrees(tmp_path: Path) -> None:
    vectors = SPEC / "container" / "vectors"
    altered(vectors / "chunk_altered.vec", tmp_path, "tampered", "malformed")
    altered(vectors / "middle_chunk_altered.vec", tmp_path, "released: 16384", "released: 16383")
    altered(vectors / "one_byte.vec", tmp_path, "inspect: ok", "inspect: malformed")
    done = read(tmp_path)
    assert done.returncode == 1
    named = {line.partition(":")[0] for line in done.stderr.splitlines()}
    assert named == {"chunk_altered.vec", "middle_chunk_altered.vec", "one_byte.vec"}


def test_it_fails_when_it_finds_none(tmp_path: Path) -> None:
    done = read(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "{}\n", "")


def test_it_uses_nothing_but_node_itself() -> None:
    sources = sorted(READER.glob("*.mjs"))
    assert len(sources) >= 5
    used = {name for source in sources for name in IMPORT.findall(source.read_text())}
    assert all(name.startswith(("node:", "./")) for name in used), used
    assert "node:crypto" in used
