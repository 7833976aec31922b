"""What a test may need from the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """Return the path of a system tool; without it skip loudly, or fail where CI promised it."""
    path = shutil.which(name)
    if path:
        return path
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and .ci/run should have installed it")
    pytest.skip(f"{name} is not installed: this test shows nothing here")


def require_module(name: str) -> None:
    """Return when a Python package is there; without it skip loudly, or fail in CI."""
    if importlib.util.find_spec(name) is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(
            f"{name} is not installed, and scripts/setup or .ci/run should have installed it"
        )
    pytest.skip(f"{name} is not installed: this test shows nothing here")
