"""``vodseal queue``: a queue of downloads, kept in the folder of its files.

Any of these commands may be used while ``queue run`` is at work in another
process: it sees what was edited within half a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Annotated, Final, Protocol

from cyclopts import App, Parameter
from cyclopts.validators import Number

from vodseal.cli.app_options import NO_APP, AppOptions
from vodseal.cli.choosing import SourceFiles
from vodseal.cli.commands import group_help
from vodseal.cli.interrupts import Interrupts
from vodseal.cli.queue_add import Rate, add, read_window
from vodseal.cli.queue_run import QueueRun, item_members
from vodseal.cli.terminal import Flag, Json, Terminal
from vodseal.errors import MisuseError
from vodseal.sdk.manager.editor import QueueEditor
from vodseal.sdk.manager.manager import DownloadManager
from vodseal.sdk.manager.reconcile import QueueRules

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["queue"]

queue: Final = App(name="queue", help=group_help("queue", "queue run --save-dir ~/films"))

_COLUMNS: Final = ("id", "state", "percent", "size", "vid", "track", "title", "group")

Limit = Annotated[int, Parameter(validator=Number(gte=1, lte=5))]


queue.command(add)


@queue.command(name="list")
def list_(*, save_dir: Path, group: str | None = None, json: Json = False) -> None:
    """List what is in a queue, in the order in which it starts.

    Example: vodseal queue list --save-dir ~/films

    Args:
        save_dir: The folder of the queue.
        group: Only what belongs to this group.
        json: Print one JSON object.
    """
    with QueueEditor(save_dir) as editor:
        rows = [item_members(item) for item in editor.items(group=group)]
    Terminal(as_json=json).table("items", _COLUMNS, rows)


@queue.command
def pause(
    *ids: int, save_dir: Path, group: str | None = None, every: Flag = False, json: Json = False
) -> None:
    """Pause downloads: they keep their place in the queue, and do not run.

    Example: vodseal queue pause 3 4 --save-dir ~/films

    Args:
        ids: Which, as the list shows them.
        save_dir: The folder of the queue.
        group: All of this group.
        every: All there are.
        json: Print one JSON object.
    """
    named = _Named(ids=ids, group=group, every=every)
    _edit(save_dir, named, QueueEditor.pause, QueueEditor.pause_all, json=json)


@queue.command
def resume(
    *ids: int, save_dir: Path, group: str | None = None, every: Flag = False, json: Json = False
) -> None:
    """Have downloads run when their turn comes: what was paused, stopped, or failed.

    Example: vodseal queue resume --every --save-dir ~/films

    Args:
        ids: Which, as the list shows them.
        save_dir: The folder of the queue.
        group: All of this group.
        every: All there are.
        json: Print one JSON object.
    """
    named = _Named(ids=ids, group=group, every=every)
    _edit(save_dir, named, QueueEditor.resume, QueueEditor.resume_all, json=json)


@queue.command
def stop(
    *ids: int, save_dir: Path, group: str | None = None, every: Flag = False, json: Json = False
) -> None:
    """Stop downloads: they give up their place. What was fetched is kept.

    Example: vodseal queue stop 3 --save-dir ~/films

    Args:
        ids: Which, as the list shows them.
        save_dir: The folder of the queue.
        group: All of this group.
        every: All there are.
        json: Print one JSON object.
    """
    named = _Named(ids=ids, group=group, every=every)
    _edit(save_dir, named, QueueEditor.stop, QueueEditor.stop_all, json=json)


@queue.command
def remove(
    *ids: int,
    save_dir: Path,
    group: str | None = None,
    every: Flag = False,
    with_files: Flag = False,
    options: AppOptions = NO_APP,
    json: Json = False,
) -> None:
    """Remove downloads from the queue; with --with-files, from the disk as well.

    Example: vodseal queue remove 3 --with-files --save-dir ~/films

    Args:
        ids: Which, as the list shows them.
        save_dir: The folder of the queue.
        group: All of this group.
        every: All there are.
        with_files: Delete their files, finished or not.
        options: Which app this is; its licenses are given up with the files.
        json: Print one JSON object.
    """
    options.load()

    named = _Named(ids=ids, group=group, every=every)
    one = partial(QueueEditor.remove, with_files=with_files)
    _edit(save_dir, named, one, partial(QueueEditor.remove_all, with_files=with_files), json=json)


@queue.command
def reorder(
    item_id: int,
    /,
    *,
    save_dir: Path,
    before: int | None = None,
    priority: int | None = None,
    json: Json = False,
) -> None:
    """Put a download before another, or at the end; or give it a priority.

    Example: vodseal queue reorder 7 --before 3 --save-dir ~/films

    Args:
        item_id: Which, as the list shows it.
        save_dir: The folder of the queue.
        before: The one that it goes before; it gets its priority.
        priority: Its priority; higher ones go first.
        json: Print one JSON object.
    """
    with QueueEditor(save_dir) as editor:
        if priority is not None:
            editor.set_priority(item_id, priority)
        if priority is None or before is not None:
            editor.reorder(item_id, before=before)
        rows = [item_members(item) for item in editor.items()]
    Terminal(as_json=json).table("items", _COLUMNS, rows)


@queue.command
def move(target: Path, /, *, save_dir: Path, json: Json = False) -> None:
    """Move a queue with all its files to another folder, such as on another disk.

    An interruption loses nothing: run it again.

    Example: vodseal queue move /media/big/films --save-dir ~/films

    Args:
        target: The folder where it goes.
        save_dir: The folder where it is.
        json: Print one JSON object.
    """
    with DownloadManager(save_dir) as manager:
        manager.move_store(target)
        Terminal(as_json=json).answer({"save_dir": str(manager.save_dir)}, str(manager.save_dir))


@queue.command
def run(
    *,
    save_dir: Path,
    source: list[Path] | None = None,
    limit: Limit = 3,
    rate: Rate = None,
    window: str | None = None,
    options: AppOptions = NO_APP,
    endpoint: str | None = None,
    json: Json = False,
) -> None:
    """Download what is in a queue, until nothing is left to do.

    It goes on where it was interrupted, however that was. What was paused or
    stopped stays so. A source file is read anew whenever a credential is needed, so
    that it can be replaced by a fresh one at any time.

    Example: vodseal queue run --save-dir ~/films --source source.json
    --security-file encryptedApp.dat --app-key-file encryptedApp.key --app ./cinema

    Args:
        save_dir: The folder of the queue.
        source: A source file: of kind sts for every video, else for its own; repeatable.
        limit: How many run at once, 1 to 5.
        rate: The most bytes per second that all of them may take.
        window: The time of day when they may run, such as 22:00-06:00.
        options: Which app this is.
        endpoint: The service's address, in place of the source files'.
        json: Print events, one JSON object a line.
    """
    rules = QueueRules(limit=limit, window=read_window(window))
    files = SourceFiles(source or [], endpoint)
    options.load()
    terminal = Terminal(as_json=json)
    with DownloadManager(save_dir, rules=rules) as manager:
        manager.set_rate(rate)
        manager.set_credential_provider(files.credential)
        with Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
            QueueRun(manager, terminal, bars, interrupts).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Which downloads were named: by ids, by a group, or all."""

    ids: tuple[int, ...]
    group: str | None
    every: bool


class _EditAll(Protocol):
    def __call__(self, editor: QueueEditor, /, *, group: str | None) -> object: ...


def _edit(
    save_dir: Path,
    named: _Named,
    one: Callable[[QueueEditor, int], object],
    many: _EditAll,
    *,
    json: bool,
) -> None:
    """Edit the downloads that are named, and print what is in the queue then."""
    if bool(named.ids) + (named.group is not None) + named.every != 1:
        raise MisuseError("name ids, or --group, or --every")
    with QueueEditor(save_dir) as editor:
        for item_id in named.ids:
            one(editor, item_id)
        if not named.ids:
            many(editor, group=named.group)
        rows = [item_members(item) for item in editor.items()]
    Terminal(as_json=json).table("items", _COLUMNS, rows)
