"""What a test may need from the machine."""

from __future__ import annotations

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
