"""Whatever happens to a queue, in whatever order: what was told stays true."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sdk.manager.world import Stepped

from vodseal.download.states import State
from vodseal.error_codes import ErrorCode
from vodseal.sdk.manager.model import Edit
from vodseal.sdk.manager.reconcile import QueueRules
from vodseal.sdk.manager.telling import QueueEvent, changes

if TYPE_CHECKING:
    from vodseal.sdk.manager.model import DownloadItem

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # every write is synced
VIDS = ("a", "b", "c", "d")
EDITS = (Edit.PAUSE, Edit.RESUME, Edit.STOP, Edit.CONTINUE)

moves = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from(VIDS), st.integers(0, 120), st.integers(0, 120)),
    st.tuples(st.sampled_from(["complete", "fail"]), st.sampled_from(VIDS)),
    st.tuples(st.just("ask"), st.sampled_from(EDITS), st.sampled_from(VIDS)),
    st.tuples(st.sampled_from(["kill", "kill with a file", "shut"])),
)


class Told:
    """Everything that listeners heard, over all restarts."""

    def __init__(self) -> None:
        self.view: tuple[DownloadItem, ...] = ()
        self.percents: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.completed: Counter[str] = Counter()

    def look(self, world: Stepped) -> None:
        after = world.runner.view()
        for event, item in changes(self.view, after):
            self.percents[item.vid].append((item.progress.downloading, item.progress.processing))
            self.completed[item.vid] += event is QueueEvent.COMPLETED
        self.view = after


def play(world: Stepped, told: Told, history: list[tuple[object, ...]]) -> None:
    world.add(*VIDS)
    for move in history:
        world.runner.step()
        told.look(world)
        at_work = {one.vid: one for one in world.downloads.made if one.state is State.DOWNLOADING}
        match move:
            case ("advance", vid, int(percent), int(processing)) if vid in at_work:
                at_work[str(vid)].advance(percent, processing=processing, done=percent, total=100)
            case ("complete", str(vid)) if vid in at_work:
                world.complete(vid)
            case ("fail", str(vid)) if vid in at_work:
                world.fail(vid, ErrorCode.NET_ERROR)
            case ("ask", Edit() as edit, str(vid)):
                world.ask(edit, vid)
            case ("shut",):
                world.runner.close()
                told.look(world)
                world.kill()
                world.begin()
            case (str(name), *_) if name.startswith("kill"):
                for one in at_work.values() if "file" in name else ():
                    one.write_file()
                world.kill()
                world.begin()
        assert len(world.downloads.running()) <= world.rules.limit


def finish(world: Stepped, told: Told) -> None:
    """Let everything that is left run to its end."""
    for _ in VIDS:
        world.ask(Edit.RESUME)
        world.runner.step()
        for vid in world.downloads.running():
            world.complete(vid)
    told.look(world)


@settings(max_examples=50)
@given(st.lists(moves, max_size=25), st.integers(1, 5))
def test_progress_is_monotone_and_survives_and_each_completes_once(
    history: list[tuple[object, ...]], limit: int
) -> None:
    told = Told()
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = Stepped(Path(folder), rules=QueueRules(limit=limit))
        try:
            play(world, told, history)
            finish(world, told)
            assert set(world.states().values()) == {"completed"}
        finally:
            world.kill()
    for vid in VIDS:
        for phase in zip(*told.percents[vid], strict=True):
            assert list(phase) == sorted(phase), "it went back"
            assert phase[-1] == 100
    assert told.completed == Counter(VIDS), "each once"
