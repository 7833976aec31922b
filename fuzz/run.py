#!/usr/bin/env python3
"""Fuzz one target: `python -m fuzz.run --module=fuzz.targets.cbor [arguments of libFuzzer]`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

PREFIX = "--module="


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    name = next(arg.removeprefix(PREFIX) for arg in sys.argv if arg.startswith(PREFIX))
    with atheris.instrument_imports(include=["vodseal"]):
        target = importlib.import_module(name)

    def test_one(data: bytes) -> None:
        target.test_one(data)

    given = {}
    if hasattr(target, "CBOR_FROM"):
        from fuzz.cbor_mutator import cbor_mutator  # noqa: PLC0415 - found by the path above

        def mutate_bytes(data: bytes, max_size: int) -> bytes:
            return atheris.Mutate(data, max_size)  # replaced when fuzzing begins

        given["custom_mutator"] = cbor_mutator(target.CBOR_FROM, mutate_bytes)
    atheris.Setup(sys.argv, test_one, **given)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
