"""One download by the engine, in a process of its own: ``python -m torture.network_job``.

It takes a job as JSON on stdin: ``urls``, the ``key`` and ``iv`` of an AES-128
playlist, or neither for one file; and a ``save_dir``.
"""

from __future__ import annotations

import json
import os
import sys
from urllib.parse import urlsplit

from vodseal.download import DownloadTask, FetcherConfig, Identity
from vodseal.download.index import JobStore
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind


class _Nobody:
    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        pass

    def on_processing_progress(self, percent: int) -> None:
        pass


def main() -> None:
    """Run the job to its end."""
    order = json.load(sys.stdin)
    hls = "key" in order
    identity = Identity(
        save_dir=order["save_dir"], vid="network", format="m3u8" if hls else "mp4", index=0
    )
    entry = JobStore(identity).create(secure=True, random=os.urandom)
    segments = tuple(
        SegmentSpec(
            url=url,
            path=urlsplit(url).path,
            key=bytes.fromhex(order["key"]) if hls else None,
            iv=bytes.fromhex(order["iv"]) if hls else None,
            duration=1.0,
        )
        for url in order["urls"]
    )
    job = JobSpec(
        kind=SourceKind.HLS if hls else SourceKind.RANGES,
        download_id=entry.download_id,
        secure=True,
        segments=segments,
    )
    task = DownloadTask(
        identity,
        job,
        os.urandom(32),
        listener=_Nobody(),
        should_stop=lambda: False,
        fetcher=FetcherConfig(),
    )
    result = task.run()
    assert result is not None
    print(json.dumps({"size": result.size, "received": result.received_bytes}))


if __name__ == "__main__":
    main()
