"""Fuzz all targets, or some, and print what came of it: `scripts/torture fuzz --help`.

What a run finds stays in build/fuzz; `--keep` puts what reaches code that nothing else
reaches into fuzz/corpus.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "fuzz" / "corpus"
WORK = ROOT / "build" / "fuzz"
TARGETS = sorted(path.stem for path in (ROOT / "fuzz" / "targets").glob("[a-z]*.py"))
LIMITS = ("-rss_limit_mb=512", "-timeout=10", "-max_len=65536", "-print_final_stats=1")
MAX_KEPT = 4096
HEAD = "| target | seconds | of CPU | runs | runs/CPU s | coverage (new) | findings | peak MB |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run, as the fuzzer tells it."""

    target: str
    seconds: float
    cpu_seconds: float
    """Less than ``seconds`` where others wanted the machine too."""
    runs: int
    coverage: tuple[int, int]
    """Before and after."""
    peak_mb: int
    findings: list[str]

    def row(self) -> str:
        before, after = self.coverage
        speed = round(self.runs / max(self.cpu_seconds, 1))
        cells = (
            *(self.target, f"{self.seconds:.0f}", f"{self.cpu_seconds:.0f}", f"{self.runs:,}"),
            *(f"{speed:,}", f"{after} (+{after - before})"),
            *(", ".join(self.findings) or "0", str(self.peak_mb)),
        )
        return f"| {' | '.join(cells)} |"


def prepare(target: str) -> tuple[Path, list[str]]:
    """Write seeds and dictionary of ``target``; return its folder and the fuzzer's arguments."""
    module = importlib.import_module(f"fuzz.targets.{target}")
    folder = WORK / target
    for name in ("found", "seeds", "crashes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(module.seeds()):
        (folder / "seeds" / f"{number:04}").write_bytes(seed)
    arguments = [f"-artifact_prefix={folder}/crashes/"]
    words = getattr(module, "DICTIONARY", ())
    if words:
        path = folder / "dictionary"
        path.write_text("".join(f'"{_escaped(word)}"\n' for word in words), encoding="ascii")
        arguments.append(f"-dict={path}")
    return folder, arguments


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def command(target: str) -> list[str]:
    return [str(ROOT / "fuzz" / "run.py"), f"--module=fuzz.targets.{target}"]


def environment() -> dict[str, str]:
    """The merging fuzzer starts itself by its name, so the interpreter has to come first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def fuzz(target: str, seconds: int) -> Outcome:
    folder, arguments = prepare(target)
    corpora = [folder / "found", folder / "seeds", CORPUS / target]
    limits = [*LIMITS, *arguments, f"-max_total_time={seconds}"]
    paths = [str(path) for path in corpora if path.is_dir()]
    started = time.monotonic()
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command(target), *limits, *paths],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # it was waited for; what went wrong is in its folder
    text = (folder / "log").read_text(encoding="utf-8", errors="replace")
    seen = [int(each) for each in re.findall(r"\bcov: (\d+)", text)] or [0]
    initial = re.search(r"INITED cov: (\d+)", text)
    return Outcome(
        target=target,
        seconds=time.monotonic() - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        runs=_stat(text, "number_of_executed_units"),
        coverage=(int(initial[1]) if initial else 0, seen[-1]),
        peak_mb=_stat(text, "peak_rss_mb"),
        findings=sorted(path.name for path in (folder / "crashes").iterdir()),
    )


def _stat(text: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s*(\d+)", text)
    return int(found[1]) if found else 0


def keep(target: str) -> None:
    """Put what reaches something new, and is small, into the corpus that is kept."""
    folder, arguments = prepare(target)
    small = folder / "small"
    small.mkdir(exist_ok=True)
    for path in (folder / "found").iterdir():
        if path.stat().st_size <= MAX_KEPT:
            (small / path.name).write_bytes(path.read_bytes())
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [*command(target), "-merge=1", *arguments, str(CORPUS / target), str(small)],
        env=environment(),
        check=True,
        capture_output=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/torture fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--target", action="append", choices=TARGETS, help="may be given again")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--keep", action="store_true", help="only keep what was found before")
    asked = parser.parse_args()
    targets = asked.target or TARGETS
    if asked.keep:
        for target in targets:
            keep(target)
        return 0
    print(HEAD, "|---" * HEAD.count(" | ") + "|---|", sep="\n", flush=True)
    failed = False
    with ThreadPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(lambda target: fuzz(target, asked.seconds), targets):
            print(outcome.row(), flush=True)
            failed = failed or bool(outcome.findings) or not outcome.runs
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
