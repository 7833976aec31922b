"""The queue of a folder, to be read and edited, also while another process runs it.

Edits change what is wished, durably, and return at once. Who runs the queue sees
them within half a second; where nobody does, removals are done by the editor.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vodseal.clock import SystemClock
from vodseal.download.job import Identity
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.sdk.manager.disk import erase, free_size, from_disk, is_lost, settle
from vodseal.sdk.manager.estimate import Estimate, estimate
from vodseal.sdk.manager.model import DownloadGroup, DownloadItem, Edit, Fact, Wish
from vodseal.sdk.manager.moving import open_queue
from vodseal.sdk.manager.reconcile import QueueRules
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from vodseal.clock import Clock
    from vodseal.media.tracks import TrackInfo
    from vodseal.sdk.manager.model import TimeWindow

__all__ = ["QueueEditor"]


class QueueEditor:
    """An open queue. Close it, or use it as a context manager. Any thread may call it."""

    def __init__(self, save_dir: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        """Open the queue in ``save_dir``, or where it was moved to; make what is missing.

        Raises:
            DownloadError: The folder cannot be made or opened, or the queue was
                moved to one that is not there (FILE_NOT_EXIST).
            UnsupportedVersionError: A later version wrote the queue.
        """
        self._clock = clock or SystemClock()
        self._store = open_queue(Path(save_dir))
        self._edited()

    @property
    def save_dir(self) -> Path:
        """Where the queue and its files lie."""
        return self._store.save_dir

    def items(self, *, group: str | None = None) -> tuple[DownloadItem, ...]:
        """Return all downloads, or those of a group, in the order in which they start."""
        return tuple(one for one in self._view() if group is None or one.group == group)

    def item(self, item_id: int) -> DownloadItem:
        """Return a download.

        Raises:
            DownloadError: ``NOT_IN_QUEUE``.
        """
        found = next((one for one in self._view() if one.id == item_id), None)
        if found is None:
            raise DownloadError(ErrorCode.NOT_IN_QUEUE, f"the queue has no download {item_id}")
        return found

    def groups(self) -> tuple[DownloadGroup, ...]:
        """Return the groups by name, with how many there are and what they take."""
        found: dict[str, list[DownloadItem]] = defaultdict(list)
        for one in self._view():
            found[one.group].append(one)
        return tuple(
            DownloadGroup(
                name=name,
                count=len(members),
                completed=sum(one.fact is Fact.COMPLETED for one in members),
                done_size=sum(one.progress.done_size for one in members),
                total_size=sum(one.progress.total_size or 0 for one in members),
            )
            for name, members in sorted(found.items())
        )

    def add(
        self,
        vid: str,
        track: TrackInfo | int,
        *,
        title: str = "",
        group: str = "",
        priority: int = 0,
        window: TimeWindow | None = None,
        bytes_per_second: int | None = None,
    ) -> DownloadItem:
        """Put a download at the end of its priority, and return it.

        A track that is finished, in the queue or by what lies in its folder, comes
        back as completed, and nothing is downloaded again (B35).

        Args:
            vid: The video.
            track: One of ``MediaInfo.tracks``, or its index.
            title: Of the film, for lists. It is stored in clear.
            group: What it belongs to, such as a series.
            priority: Higher ones go first.
            window: The time of day when it may run.
            bytes_per_second: The most that it may take of the network.

        Raises:
            DownloadError: ``ALREADY_QUEUED``: it is in the queue, not completed (B35).
            MisuseError: A vid or an index that cannot name a file, or a cap of 0 or less.
        """
        if bytes_per_second is not None and bytes_per_second <= 0:
            raise MisuseError("a cap is a positive number of bytes per second")
        item = DownloadItem(
            id=0,
            vid=vid,
            title=title,
            group=group,
            priority=priority,
            window=window,
            bytes_per_second=bytes_per_second,
            added_at=self._clock.now(),
            **_described(track),
        )
        format_name = item.format or "any"
        Identity(save_dir=str(self.save_dir), vid=vid, format=format_name, index=item.index)
        with self._store.together():
            for known in self._store.items():
                if (known.vid, known.index) == (vid, item.index) and is_lost(known):
                    self._store.forget(known.id)
            item, _ = self._store.add(from_disk(self.save_dir, item, item.added_at) or item)
        self._edited()
        return self.item(item.id)

    def pause(self, item_id: int) -> None:
        """Keep a download from running; it keeps its place in the queue."""
        self._ask(Edit.PAUSE, item_id)

    def resume(self, item_id: int) -> None:
        """Have a download run when its turn comes, also after an error.

        What was stopped joins at the end of its priority; what was paused kept its place.
        """
        self._ask(Edit.RESUME, item_id)

    def stop(self, item_id: int) -> None:
        """Take a download out of the queue's order; what it has fetched is kept."""
        self._ask(Edit.STOP, item_id)

    def remove(self, item_id: int, *, with_files: bool) -> None:
        """Forget a download; ``with_files`` deletes its files and its key first.

        When the files cannot be deleted, it stays in the queue, as failed.
        """
        self._ask(Edit.ERASE if with_files else Edit.REMOVE, item_id)

    def pause_all(self, *, group: str | None = None) -> None:
        """Pause all downloads, or those of a group."""
        self._ask_all(Edit.PAUSE, group)

    def resume_all(self, *, group: str | None = None) -> None:
        """Resume all downloads that are not completed, or those of a group."""
        self._ask_all(Edit.RESUME, group)

    def resume_interrupted(self) -> None:
        """Go on with what ran or waited when the process before ended, and with nothing else."""
        self._ask_all(Edit.CONTINUE, None)

    def stop_all(self, *, group: str | None = None) -> None:
        """Stop all downloads, or those of a group."""
        self._ask_all(Edit.STOP, group)

    def remove_all(self, *, with_files: bool, group: str | None = None) -> None:
        """Remove all downloads, or those of a group, completed ones too."""
        self._ask_all(Edit.ERASE if with_files else Edit.REMOVE, group)

    def reorder(self, item_id: int, *, before: int | None = None) -> None:
        """Put a download before another, or at the end. One of another priority takes its priority.

        Raises:
            DownloadError: ``NOT_IN_QUEUE``: one of both is not there.
        """
        target = None if before is None else self.item(before)
        self._change(item_id, lambda one: replace(one, priority=(target or one).priority))
        self._store.move(item_id, before=before)
        self._edited()

    def set_priority(self, item_id: int, priority: int) -> None:
        """Choose how early a download starts; higher goes first. Nobody is stopped for it."""
        self._change(item_id, lambda one: replace(one, priority=priority))

    def set_window(self, item_id: int, window: TimeWindow | None) -> None:
        """Choose the time of day when a download may run; None for any."""
        self._change(item_id, lambda one: replace(one, window=window))

    def set_item_rate(self, item_id: int, bytes_per_second: int | None) -> None:
        """Choose the most that a download may take of the network, also while it runs.

        Raises:
            MisuseError: The cap is not positive.
        """
        if bytes_per_second is not None and bytes_per_second <= 0:
            raise MisuseError("a cap is a positive number of bytes per second")
        self._change(item_id, lambda one: replace(one, bytes_per_second=bytes_per_second))

    def note_watched(self, item_id: int, position_ms: int) -> None:
        """Remember how far a film was watched, and that it was just now."""
        now = self._clock.now()
        self._change(
            item_id,
            lambda one: replace(one, watched_position_ms=max(0, position_ms), watched_at=now),
        )

    def history(self) -> tuple[DownloadItem, ...]:
        """Return what was watched, the latest first."""
        watched = [one for one in self._view() if one.watched_at is not None]
        return tuple(sorted(watched, key=lambda one: one.watched_at or 0.0, reverse=True))

    def estimate(self, what: Iterable[DownloadItem | TrackInfo] | None = None) -> Estimate:
        """Return what downloads take: those of the queue, or some, or tracks not yet in it."""
        return estimate(
            self._view() if what is None else what,
            free_size=free_size(self.save_dir),
            reserve_size=QueueRules().reserve_size,
            bytes_per_second=None,
        )

    def close(self) -> None:
        """Let go of the queue. Closing twice is harmless."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _view(self) -> tuple[DownloadItem, ...]:
        return self._store.items()

    def _ask(self, edit: Edit, item_id: int) -> None:
        self.item(item_id)
        self._store.ask(edit, [item_id])
        self._edited()

    def _ask_all(self, edit: Edit, group: str | None) -> None:
        ids = None if group is None else [one.id for one in self.items(group=group)]
        self._store.ask(edit, ids)
        self._edited()

    def _change(self, item_id: int, change: Callable[[DownloadItem], DownloadItem]) -> None:
        self.item(item_id)
        self._store.update(item_id, change)
        self._edited()

    def _edited(self) -> None:
        """Where nobody runs the queue, put its rows right and do what removals are left."""
        with self._store.hold_briefly() as held:
            if not held:
                return  # who runs it sees the edit
            settle(self._store, (), self._clock.now(), files=True)
            for item in self._store.items():
                if item.wish is Wish.ERASE:
                    erase(self._store, item)
                elif item.wish is Wish.REMOVE:
                    self._store.forget(item.id)


def _described(track: TrackInfo | int) -> dict[str, Any]:
    if isinstance(track, int):
        return {"index": track}
    return {
        "index": track.index,
        "format": track.vod_format,
        "definition": track.vod_definition,
        "progress": Progress(total_size=track.vod_file_size or None),
    }
