"""A process of its own that runs one job: somebody to kill.

``python run_job.py SAVE_DIR`` takes the sealed record's job as CBOR on stdin and
prints a line for each thing that its listener hears.
"""

from __future__ import annotations

import sys

from vodseal.download import DownloadTask, FetcherConfig, Identity
from vodseal.download.record import decode_job
from vodseal.download.retry import RetryPolicy
from vodseal.errors import DownloadError


class Listener:
    """Says what it hears."""

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        print("download", percent, flush=True)

    def on_processing_progress(self, percent: int) -> None:
        print("processing", percent, flush=True)


def main() -> None:
    data = sys.stdin.buffer.read()
    content_key, job = data[:32], decode_job(data[32:])
    kind = "m3u8" if job.kind == "hls" else "mp4"
    task = DownloadTask(
        Identity(save_dir=sys.argv[1], vid="vid1", format=kind, index=0),
        job,
        content_key,
        listener=Listener(),
        should_stop=lambda: False,
        fetcher=FetcherConfig(connections=2, read_timeout=2.0),
        policy=RetryPolicy(first_pause=0.01, longest_pause=0.02),
    )
    try:
        result = task.run()
    except DownloadError as error:
        print("failed", error.code.name, flush=True)
        sys.exit(3)
    print("done", result.path if result else "", flush=True)


if __name__ == "__main__":
    main()
