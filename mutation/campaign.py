"""Run the mutants of packages, and print what came of it: `scripts/torture mutants --help`.

Verdicts stay in build/mutants/PACKAGE.json; `--survivors` tries only those again that were
not killed, or are new. What lives has to be explained in docs/explanation/mutants.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from mutation.explanations import unexplained
from mutation.make import ROOT, WORK, make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mutation.make import Mutant
    from mutation.session import Verdict

    Records = dict[str, dict[str, str]]

PACKAGES = ("container", "license", "credential", "rpc")
LEAST_KILLED = 0.95
TESTS = {
    name: (f"tests/unit/{name}/", f"tests/vectors/test_{name}_vectors.py") for name in PACKAGES
}
TESTS["container"] += ("tests/property",)
OPTIONS = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "-r", "N"),
    *("-o", "addopts=--import-mode=importlib", "-o", "timeout=60"),
    *("-o", "tmp_path_retention_policy=none"),
)
HEAD = "| package | mutants | killed | survived | killed, % |\n|---|---|---|---|---|"
NOTED_EVERY = 50


def read(package: str) -> Records:
    """Return the verdicts of the last run, by what each mutant changes."""
    path = WORK / f"{package}.json"
    found: Records = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def write(package: str, records: Records) -> None:
    text = json.dumps(records, indent=1, ensure_ascii=False)
    (WORK / f"{package}.json").write_text(text, encoding="utf-8")


def run(package: str, asked: argparse.Namespace) -> None:
    """Try the mutants of ``package`` in this process, which is good for one package."""
    tree = WORK / package / "src"
    mutants = make(package, tree)
    before = read(package) if asked.survivors or asked.only else {}
    records = {mutant.key: before[mutant.key] for mutant in mutants if mutant.key in before}
    wanted = [
        mutant
        for mutant in mutants
        if asked.only in mutant.name
        and not (asked.survivors and records.get(mutant.key, {}).get("state") == "killed")
    ]

    def report(verdict: Verdict) -> None:
        records[verdict.mutant.key] = verdict.record()
        if verdict.state != "killed":
            print(verdict, flush=True)
        if len(records) % NOTED_EVERY == 0:
            print(f"[{len(records)} of {len(mutants)}]", flush=True)
            write(package, records)

    tests = [*(TESTS[package][:1] if asked.near else TESTS[package]), *asked.tests]
    try:
        attempt(
            wanted,
            tree,
            tests,
            jobs=asked.jobs,
            dearest=asked.dearest,
            afresh=asked.afresh,
            report=report,
        )
    finally:
        write(package, records)


def attempt(
    mutants: Iterable[Mutant],
    tree: Path,
    tests: list[str],
    *,
    jobs: int,
    dearest: float = math.inf,
    afresh: bool = False,
    report: Callable[[Verdict], None],
) -> list[str]:
    """Try ``mutants`` on what lies in ``tree``; return the tests that failed without any."""
    sys.path.insert(0, str(tree))
    os.environ["PYTHONPATH"] = f"{tree}{os.pathsep}{ROOT}"
    import pytest

    from mutation.afresh import try_afresh
    from mutation.session import Forks

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no child is left behind
    late: list[Mutant] = []

    def first(verdict: Verdict) -> None:
        if verdict.state != "killed" and (afresh or verdict.mutant.place in forks.imports):
            late.append(verdict.mutant)
        else:
            report(verdict)

    costs = tree.parent / "costs.json"
    forks = Forks(mutants, near=tests[0], jobs=jobs, dearest=dearest, report=first)
    if costs.exists():
        forks.known_cost.update(json.loads(costs.read_text(encoding="utf-8")))
    pytest.main([*OPTIONS, *tests], plugins=[forks])
    costs.write_text(json.dumps(forks.known_cost), encoding="utf-8")
    modules = forks.callers if afresh else forks.importers
    for verdict in try_afresh(late, modules, OPTIONS, jobs=jobs):
        report(verdict)
    if forks.unfit:
        print("these tests fail without a mutant:", *forks.unfit, sep="\n  ")
    return forks.unfit


def summary(packages: list[str]) -> int:
    """Print the table, and what is not explained; return 0 when all is as it should be."""
    print(HEAD)
    good = True
    for package in packages:
        records = read(package)
        killed = sum(each["state"] == "killed" for each in records.values())
        share = killed / max(1, len(records))
        good = good and share >= LEAST_KILLED
        counts = f"{len(records):,} | {killed:,} | {len(records) - killed:,} | {100 * share:.1f}"
        print(f"| {package} | {counts} |")
    for package in packages:
        for each in unexplained(read(package)):
            good = False
            print(f"not explained: {each['file']}:{each['line']}")
            print(f"  - {each['removed']}\n  + {each['added']}")
    return int(not good)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/torture mutants", description=__doc__)
    parser.add_argument("--package", choices=PACKAGES, help="this one alone")
    parser.add_argument("--survivors", action="store_true", help="only what was not killed before")
    parser.add_argument("--only", default="", metavar="TEXT", help="only names with TEXT in them")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument(
        "--dearest",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="leave out tests that need more CPU than this: a first look, for writing tests",
    )
    parser.add_argument("--near", action="store_true", help="the package's unit tests alone")
    parser.add_argument(
        "--afresh",
        action="store_true",
        help="try what lives again in a new interpreter, which has nothing in its caches",
    )
    parser.add_argument("--summary", action="store_true", help="only print what the last runs gave")
    parser.add_argument("tests", nargs="*", help="further tests than the package's own")
    asked = parser.parse_args()
    packages = [asked.package] if asked.package else [*PACKAGES]
    if asked.package and not asked.summary:
        run(asked.package, asked)
    elif not asked.summary:
        for package in packages:  # An interpreter for each: one holds one tree of src.
            command = [sys.executable, "-m", "mutation.campaign", *sys.argv[1:]]
            subprocess.run([*command, "--package", package], cwd=ROOT, check=False)
    return summary(packages)


if __name__ == "__main__":
    sys.exit(main())
