"""What has to be known of a single file before its ranges: its size and its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.download.fetch import Request
from vodseal.download.job import SourceKind
from vodseal.download.journal import FileFacts
from vodseal.download.small_fetch import fetch_once
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from vodseal.download.journal import Journal
    from vodseal.download.round import RoundParts

__all__ = ["file_facts"]


def file_facts(parts: RoundParts, journal: Journal) -> FileFacts | None:
    """Return size and validator of the one file, asked for once; None when stopped."""
    job = parts.job
    if job.kind is SourceKind.HLS:
        return FileFacts(total_size=0, validator="")
    known = journal.facts()
    if known is not None:
        return known
    fetcher = parts.make_fetcher(parts.fetcher, parts.clock)
    try:
        reply = fetch_once(
            fetcher,
            parts.book,
            lambda url: Request(url=url, limit=1, start=0, size=1),
            policy=parts.policy,
            clock=parts.clock,
            should_stop=parts.should_stop,
        )
    finally:
        fetcher.close()
    if reply is None:
        return None
    if reply.total_size is None:
        msg = "the server does not tell the size of the file"
        raise DownloadError(ErrorCode.URL_CANNOT_REACH, msg)
    facts = FileFacts(total_size=reply.total_size, validator=reply.validator)
    journal.set_facts(facts)
    return facts
