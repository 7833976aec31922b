"""Which files a secure download and its playing ever open for writing: these, and no others.

A file that is written and gone before anybody looks is seen here all the same:
the system calls are watched. Everything that may be written holds sealed bytes,
bookkeeping or nothing (security.md 3.3, "Plaintext hazards closed").
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.scenario.at_rest_world import running_world
from tests.scenario.marked_film import make_marked_film
from tests.tools import require_tool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="strace is of Linux"),
]

_CALLS = "trace=open,openat,openat2,creat,memfd_create,mkdir,mkdirat,mknod,mknodat,link,linkat"
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE|^\d+ +(?:creat|memfd|mknod|link)")
_RESULT = re.compile(r"= \d+<(.*)>$")
_DATABASE = r"(?:-wal|-shm|-journal)?"
_ALLOWED = re.compile(
    r"/dev/null"
    r"|.*/save/\.vseal/[^/]+/(?:lock|job\.db" + _DATABASE + r"|stage/\d+\.\d+\.seg\.tmp)"
    r"|.*/save/[^/]+\.vseal\.part"
    r"|.*/vodseal/apps/[0-9a-f]+/(?:vault|device)\.(?:lock|[ab]\.new|db" + _DATABASE + r")"
)


def test_only_sealed_files_and_bookkeeping_are_ever_written(tmp_path: Path) -> None:
    settings = {"download_mode": "secure", "default_template_group": "encrypted-source"}
    with running_world(tmp_path / "world", **settings) as world:
        vid = world.publish(make_marked_film(tmp_path / "film.mp4", seconds=30))
        viewer = world.viewer("watched")
        with world.download(viewer, vid, _watched(tmp_path / "download")) as command:
            path = str(command.finish()["path"])
        with world.play(viewer, path, "null", _watched(tmp_path / "play")) as command:
            command.finish()
    written = _written(tmp_path / "download")
    assert any(name.endswith(".vseal.part") for name in written), "nothing was watched"
    assert not [name for name in written if not _ALLOWED.fullmatch(name)]
    assert not [name for name in _written(tmp_path / "play") if not _ALLOWED.fullmatch(name)]


def _watched(log: Path) -> tuple[str | Path, ...]:
    strace = require_tool("strace")
    tried = subprocess.run([strace, "-o", log, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("processes cannot be watched here")
    return strace, "-f", "-qq", "-y", "-e", _CALLS, "-e", "status=successful", "-o", log


def _written(log: Path) -> set[str]:
    """Return the paths that were opened for writing, or the calls that made something else."""
    found: set[str] = set()
    for line in log.read_text(errors="replace").splitlines():
        if _WRITES.search(line):
            result = _RESULT.search(line)
            found.add(result[1] if result else line)
    return found
