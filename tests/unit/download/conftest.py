"""A job with its stage on a temporary disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.download.stage_world import StageWorld

from vodseal.download import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StageWorld]:
    identity = Identity(save_dir=str(tmp_path / "save"), vid="v", format="m3u8", index=0)
    with StageWorld(identity, os.urandom) as made:
        yield made
