"""What is installed holds everything that the checkout holds."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_of_the_package_is_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if "dist-info" not in name}
    source = ROOT / "src"
    files = (path for path in source.rglob("*") if path.is_file())
    expected = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in files
        if "__pycache__" not in path.parts
    }
    assert held == expected
    assert any(name.startswith("vodseal/player/static/") for name in held)
