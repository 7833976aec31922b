"""A process of its own that mends one file: somebody to kill.

``python mend_job.py SAVE_DIR`` takes the content key and the job as CBOR on stdin and prints a
line for each step, "mending" with a percentage, and "done".
"""

from __future__ import annotations

import sys
from pathlib import Path

from vodseal.clock import SystemClock
from vodseal.download import FetcherConfig, Identity
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.excerpt import ExcerptNeeds
from vodseal.download.files import final_path
from vodseal.download.mending import Mender
from vodseal.download.record import decode_job
from vodseal.download.retry import RetryPolicy
from vodseal.download.survey import survey
from vodseal.vault.sealed_files import FileSource


class Listener:
    """Says what it hears."""

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        print("download", percent, flush=True)

    def on_processing_progress(self, percent: int) -> None:
        print("processing", percent, flush=True)


def main() -> None:
    data = sys.stdin.buffer.read()
    content_key, job = data[:32], decode_job(data[32:])
    identity = Identity(save_dir=sys.argv[1], vid="vid1", format="m3u8", index=0)
    needs = ExcerptNeeds(
        identity=identity,
        job=job,
        fetcher=FetcherConfig(connections=2, read_timeout=2.0),
        policy=RetryPolicy(first_pause=0.01, longest_pause=0.02),
        clock=SystemClock(),
        listener=Listener(),
        should_stop=lambda: False,
    )
    with FileSource(Path(final_path(identity, secure=True))) as source:
        found = survey(source, content_key, None, lambda _: None)
        Mender(
            found,
            needs,
            content_key,
            make_fetcher=CurlFetcher,
            on_share=lambda share: print("mending", int(100 * share), flush=True),
        ).run()
    print("done", 100, flush=True)


if __name__ == "__main__":
    main()
