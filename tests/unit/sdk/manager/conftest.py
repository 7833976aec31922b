"""A queue, stepped by the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.sdk.manager.world import Stepped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Stepped]:
    made = Stepped(tmp_path / "films")
    yield made
    made.kill()
