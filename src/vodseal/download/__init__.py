"""The download engine: fetch, check, seal into staging; then remux, seal, read back.

It knows nothing of accounts, requests or licenses. It is given a job and a
content key, and it either ends with a playable file that has been read back,
or with a ``DownloadError`` whose number says why, and all staged bytes kept.

The seam, for ``sdk``::

    identity = Identity(save_dir=..., vid=..., format="m3u8", index=0)
    store = JobStore(identity)                       # job.db; no key needed
    entry = store.create(secure=True, random=os.urandom)  # idempotent: keeps its download_id
    ...                                              # license for entry.download_id, hence ck
    task = DownloadTask(identity, job, ck, listener=..., should_stop=..., fetcher=FetcherConfig())
    result = task.run()                              # DownloadResult, or None when stopped

    JobStore.find(save_dir, vid, index) -> JobEntry | None
                             # (identity, download_id, secure, state), read without any key
    store.load_job(ck) -> JobSpec | None
                             # the sealed record: enough to process offline when STAGED
    delete_download(identity)                        # files of an identity, finished or partial
    final_path(identity, secure=True) -> str         # absolute; there from the start
    plan.key_uris(playlist); plan.hls_segments(playlist, keys, convert=...) -> segments
    HttpFetcher(FetcherConfig()).get(url, limit=...) -> bytes   # playlists, keys
"""

from __future__ import annotations

from vodseal.download.fetch import FetcherConfig
from vodseal.download.files import delete_download, final_path
from vodseal.download.index import JobStore
from vodseal.download.job import (
    DownloadResult,
    Identity,
    JobListener,
    JobSpec,
    SegmentSpec,
    SourceKind,
)
from vodseal.download.journal import JobEntry, JobState
from vodseal.download.small_fetch import HttpFetcher
from vodseal.download.task import DownloadTask

__all__ = [
    "DownloadResult",
    "DownloadTask",
    "FetcherConfig",
    "HttpFetcher",
    "Identity",
    "JobEntry",
    "JobListener",
    "JobSpec",
    "JobState",
    "JobStore",
    "SegmentSpec",
    "SourceKind",
    "delete_download",
    "final_path",
]
