"""Tries the mutants of the planted package in a tree of its own, and prints each verdict."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from mutation.campaign import attempt
from mutation.make import make

HERE = Path(__file__).parent / "planted"


def main() -> None:
    tree = Path(sys.argv[1])
    tree.parent.mkdir(parents=True, exist_ok=True)
    tests = shutil.copy(HERE / "rules_of_it.py", tree.parent / "test_rules.py")
    verdicts = []
    unfit = attempt(
        make("planted", tree, HERE / "src"),
        tree,
        [str(tests)],
        jobs=2,
        report=lambda verdict: verdicts.append(verdict.record()),
    )
    (tree / "verdicts.json").write_text(json.dumps([verdicts, unfit]))


main()
