"""What an app pays at its start: `import vodseal`, and the check of its signed files.

    python benchmarks/app_start.py [--json]

Makes an app of 200 MB (2,000 modules and data files, a few large libraries), signs it, and
checks it as `init_service` does, with the files in the page cache. The aims are 0.3 s for the
check and 150 ms for the import.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vodseal.credential.requirements import IdentityLevel
from vodseal.vault.app_folder import check_app_folder, make_manifest_key, sign_app_folder

ROUNDS = 7
SMALL_FILES = 2_000
LARGE_SIZES = (60_000_000, 40_000_000, 30_000_000, 20_000_000, 10_000_000)
TOTAL = 200_000_000


def make_app(folder: Path) -> None:
    """2,000 files of 4 to 36 kB in 100 packages, and five libraries."""
    source = random.Random(3)
    block = source.randbytes(1 << 20)
    average = (TOTAL - sum(LARGE_SIZES)) // SMALL_FILES
    for number in range(SMALL_FILES):
        package = folder / f"package{number % 100}"
        package.mkdir(parents=True, exist_ok=True)
        size = source.randrange(average // 5, average * 9 // 5)
        start = source.randrange(len(block) - size)
        (package / f"part{number}.dat").write_bytes(block[start : start + size])
    for number, size in enumerate(LARGE_SIZES):
        with (folder / f"library{number}.so").open("wb") as file:
            for _ in range(size // len(block)):
                file.write(block)


def check_seconds(folder: Path) -> list[float]:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        check_app_folder(folder)
        seconds.append(time.perf_counter() - start)
    return seconds


def import_ms(statement: str) -> list[float]:
    """What `-X importtime` sums up for the last line, less what a bare interpreter loads."""
    found = []
    for _ in range(ROUNDS):
        run = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", statement],
            capture_output=True,
            text=True,
            check=True,
        )
        own, after_site = 0, False
        for line in run.stderr.splitlines()[1:]:
            _, cumulative, name = line.removeprefix("import time:").split("|")
            if after_site and not name.startswith("  "):
                own += int(cumulative)
            after_site = after_site or name.strip() == "site"
        found.append(own / 1000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="what an app pays at its start")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "app")
        make_app(folder)
        key = make_manifest_key(Path(place, "key.pem"))
        manifest = sign_app_folder(folder, "org.example.cinema", key)
        check = check_seconds(folder)
    imports = {
        statement: import_ms(statement)
        for statement in ("import vodseal", "from vodseal import PrivateService")
    }
    result = {
        "identity_level": int(IdentityLevel.MANIFEST),
        "files": len(manifest.files),
        "MB": sum(entry.size for entry in manifest.files.values()) / 1e6,
        "check_s": {"median": statistics.median(check), "raw": check},
        "import_ms": {
            statement: {"median": statistics.median(raw), "raw": raw}
            for statement, raw in imports.items()
        },
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
        },
    }
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['files']} files, {result['MB']:.0f} MB")
    print(f"check: {statistics.median(check):.3f} s (aim 0.3)")
    for statement, raw in imports.items():
        print(f"{statement}: {statistics.median(raw):.1f} ms (aim 150 for `import vodseal`)")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
