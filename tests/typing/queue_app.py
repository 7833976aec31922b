"""An app with a queue. Nothing runs it: mypy has to accept it, and to refuse the lines that say so."""

from __future__ import annotations

from typing import assert_type

from vodseal import (
    CredentialRequest,
    DownloadGroup,
    DownloadItem,
    DownloadManager,
    ErrorInfo,
    Estimate,
    ItemState,
    MediaInfo,
    Progress,
    QueueEditor,
    QueueRules,
    TimeWindow,
    VidSts,
    WaitReason,
)


class Screen:
    def on_progress(self, item: DownloadItem) -> None:
        assert_type(item.progress, Progress)
        assert_type(item.seconds_left, float | None)

    def on_error(self, item: DownloadItem) -> None:
        assert_type(item.error, ErrorInfo | None)


def provide(request: CredentialRequest) -> VidSts:
    return VidSts(vid=request.vid)


def app(media: MediaInfo, source: VidSts) -> None:
    rules = QueueRules(limit=2, window=TimeWindow.parse("22:00-06:00"))
    with DownloadManager("films", rules=rules) as manager:
        assert_type(manager, DownloadManager)
        manager.add_listener(Screen())
        manager.set_credential_provider(provide)
        manager.set_metered_hook(lambda: False)
        assert_type(manager.estimate(media.tracks), Estimate)
        item = manager.add(media.video_id, media.tracks[0], title=media.title, source=source)
        assert_type(item, DownloadItem)
        assert_type(item.state, ItemState)
        assert_type(item.waits_for, WaitReason | None)
        manager.remove(item.id, with_files=True)
        manager.remove(item.id)  # type: ignore[call-arg]  # with its files or not: say it
        manager.add(media.video_id, "0")  # type: ignore[arg-type]
        assert_type(manager.items(group="series"), tuple[DownloadItem, ...])
        assert_type(manager.groups(), tuple[DownloadGroup, ...])
        assert_type(manager.wait(1.0), bool)
    with QueueEditor("films") as editor:
        assert_type(editor, QueueEditor)
        editor.pause_all()
