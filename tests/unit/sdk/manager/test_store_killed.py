"""What a queue said that it stored is there, whenever its process is killed."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vodseal.sdk.manager.model import Wish
from vodseal.sdk.manager.store import QueueStore

if TYPE_CHECKING:
    from pathlib import Path

CHILD = """
import sys
from vodseal.sdk.manager.model import DownloadItem, Edit
from vodseal.sdk.manager.store import QueueStore
store = QueueStore(sys.argv[1])
store.hold()
for number in range(10**6):
    item, _ = store.add(DownloadItem(id=0, vid=f"{sys.argv[2]}-{number}", index=0))
    store.ask(Edit.PAUSE, [item.id])
    store.move(item.id, before=1)
    print(item.vid, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_what_was_told_is_stored(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    told: list[str] = []
    for run in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), f"run{run}"],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            told += [child.stdout.readline().strip() for _ in range(dice.randrange(1, 40))]
            child.kill()
            told += child.stdout.read().split("\n")[:-1]
    with QueueStore(tmp_path) as store:
        store.hold()
        items = store.items()
    assert len({item.vid for item in items}) == len(items)
    assert set(told) <= {item.vid for item in items}
    assert len(items) <= len(told) + 2, "at most what was under way at each kill"
    assert sum(item.wish is not Wish.PAUSE for item in items) <= 2
    assert len({item.position for item in items}) == len(items)
