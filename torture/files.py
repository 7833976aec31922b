"""Files that get their name outside a download: a repair's, and one that is sealed by itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from torture.film import CONTENT_KEY
from torture.job import POLICY, Silent
from vodseal.clock import SystemClock
from vodseal.container.layout import HEADER_SIZE
from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.container.writer import SealedWriter
from vodseal.download import FetcherConfig
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.excerpt import ExcerptNeeds
from vodseal.download.folder import Folder
from vodseal.download.head import FileHead
from vodseal.download.journal import Journal
from vodseal.download.mending import Mender
from vodseal.download.survey import survey
from vodseal.errors import VodsealError
from vodseal.vault.sealed_files import FileSink, FileSource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from torture.job import Job, Place

__all__ = ["DAMAGED", "MendCheck", "SealedCheck", "mend", "seal"]

DAMAGED: Final = "damaged"
_MENDED: Final = "mended"
_PUBLISHED: Final = "published"
_FLIPPED: Final = 100
"""A byte of the header: nothing has to be fetched to mend it."""
_TEXT: Final = b"what is sealed " * 3000


def mend(job: Job, place: Place, promise: Callable[[str], None]) -> None:
    """Do a job, damage its file, and mend it."""
    job.do(place, "recorded")
    path, identity = job.final(place), job.identity(place)
    handle = os.open(path, os.O_RDWR)
    os.pwrite(handle, _flipped(os.pread(handle, HEADER_SIZE, 0)), 0)
    os.fsync(handle)
    os.close(handle)
    promise(DAMAGED)
    with (
        Folder.open(job.folder(place)) as folder,
        Journal.open(folder, identity.save_dir) as journal,
    ):
        copy, download_id = journal.head(), _download_id(journal)
    needs = ExcerptNeeds(
        identity=identity,
        job=job.spec(download_id, "mend"),
        fetcher=FetcherConfig(),
        policy=POLICY,
        clock=SystemClock(),
        listener=Silent(),
        should_stop=lambda: False,
    )
    with FileSource(path) as source:
        head = FileHead.decode(copy) if copy else None
        found = survey(source, CONTENT_KEY, head, lambda _share: None)
        Mender(
            found, needs, CONTENT_KEY, make_fetcher=CurlFetcher, on_share=lambda _share: None
        ).run()
    promise(_MENDED)


def _download_id(journal: Journal) -> bytes:
    entry = journal.entry()
    assert entry is not None
    return entry.download_id


def _flipped(data: bytes) -> bytes:
    return data[:_FLIPPED] + bytes([data[_FLIPPED] ^ 1]) + data[_FLIPPED + 1 :]


@dataclass(frozen=True, kw_only=True)
class MendCheck:
    """Looks for the damaged file, or the whole one."""

    job: Job
    plaintext: bytes

    def faults(self, place: Place, promised: Collection[str]) -> list[str]:
        """Return what is wrong: the file is neither of them, or not the one promised."""
        if DAMAGED not in promised:
            return []
        path = self.job.final(place)
        if not path.exists():
            return ["the file that was being mended is gone"]
        data = path.read_bytes()
        if _opened(data) == self.plaintext:
            return []
        if _MENDED in promised:
            return ["a file that was mended is not whole"]
        was = _opened(_flipped(data)) == self.plaintext
        return [] if was else ["the file is neither the damaged one nor a whole one"]


def seal(place: Place, promise: Callable[[str], None]) -> None:
    """Seal a text into a file."""
    place.save.mkdir()
    parent = os.open(place.root, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)
    with FileSink(place.save / "text.part") as sink:
        with SealedWriter(sink, CONTENT_KEY, file_id=bytes(16), download_id=bytes(16)) as writer:
            writer.write(_TEXT)
            writer.finish(Meta(content_type="text/plain", title="", created_at=0))
        sink.publish(_sealed(place))
    promise(_PUBLISHED)


def _sealed(place: Place) -> Path:
    return place.save / "text.vseal"


class SealedCheck:
    """Looks for the sealed text."""

    def faults(self, place: Place, promised: Collection[str]) -> list[str]:
        """Return what is wrong: it is there and not whole, or was promised and is not there."""
        path = _sealed(place)
        if path.exists():
            return [] if _opened(path.read_bytes()) == _TEXT else ["the sealed file is not whole"]
        return ["a sealed file is not there"] if _PUBLISHED in promised else []


def _opened(data: bytes) -> bytes | None:
    try:
        with SealedReader(MemorySource(data), CONTENT_KEY) as reader:
            return reader.readall()
    except VodsealError:
        return None
