"""One job as a process does it: key, journal, download, file. And what it has to leave behind.

``do`` is the same for the first run and for every run after a crash: whoever
calls it does not know what was before. The content key lies in a vault, as that
of a normal download does; so the vault's writes are under the knife as well.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torture.film import CONTENT_KEY
from torture.warm import warm_workers
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.download import (
    DownloadTask,
    FetcherConfig,
    Identity,
    JobSpec,
    JobStore,
    SourceKind,
)
from vodseal.download.files import final_path, job_folder
from vodseal.download.plan import RANGE_SIZE, pieces_of, ranges_segment
from vodseal.download.retry import RetryPolicy
from vodseal.errors import DownloadError
from vodseal.license.digests import DigestAlgorithm, digest_segment
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.download.hls_film import HlsFilm

__all__ = [
    "BEGUN",
    "COMPLETED",
    "CONNECTIONS",
    "DURABLE",
    "FAILED",
    "KEPT",
    "Job",
    "Place",
    "Silent",
    "die_with_parent",
    "in_child",
]

CONNECTIONS: Final = 4
FAILED: Final = 3
"""Exit code of a run that ended with an error of ours."""
BEGUN: Final = "begun"
KEPT: Final = "kept"
DURABLE: Final = "durable"
COMPLETED: Final = "completed"
_PR_SET_PDEATHSIG: Final = 1
_VID: Final = "film1"
POLICY: Final = RetryPolicy(first_pause=0.01, longest_pause=0.02, longest_retry_after=0.02)
_DIGESTS: Final = DigestAlgorithm.BLAKE3_256


class Silent:
    """A listener that tells nobody."""

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        """Hear it."""

    def on_processing_progress(self, percent: int) -> None:
        """Hear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A user's disk: everything that a run may write."""

    root: Path

    @property
    def save(self) -> Path:
        """Return the save dir."""
        return self.root / "save"

    @property
    def home(self) -> Path:
        """Return the folder of the vaults."""
        return self.root / "home"

    def use(self) -> None:
        """Let this process, and what it starts, put temporary files here."""
        temporary = self.root / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = None
        os.environ |= {"TMPDIR": str(temporary), "HOME": str(self.root / "user")}
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        os.environ.pop("VODSEAL_HOME", None)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is downloaded, and how."""

    base: str
    """Address of the server."""
    film: HlsFilm | None = field(default=None, repr=False)
    data: bytes = field(default=b"", repr=False)
    """The one file, where there is no playlist."""
    secure: bool = True

    def identity(self, place: Place) -> Identity:
        """Return where it goes."""
        kind = "m3u8" if self.film else "mp4"
        return Identity(save_dir=str(place.save), vid=_VID, format=kind, index=0)

    def final(self, place: Place) -> Path:
        """Return the path of the file to be made."""
        return Path(final_path(self.identity(place), secure=self.secure))

    def folder(self, place: Place) -> Path:
        """Return the path of the job's folder."""
        return job_folder(self.identity(place))

    @cached_property
    def names(self) -> dict[tuple[int, int], str]:
        """Return what the server calls the request for each piece."""
        found = {}
        for piece in pieces_of(self.spec(bytes(16), ""), len(self.data)):
            last = (
                ""
                if piece.start is None
                else f" {piece.start}-{piece.start + (piece.size or 0) - 1}"
            )
            found[piece.key] = f"{piece.segment.path}{last}"
        return found

    def spec(self, download_id: bytes, query: str) -> JobSpec:
        """Return the job as the engine is told it, with addresses of its own."""
        if self.film:
            segments = self.film.segments(self.base, f"?{query}")
            digests, kind = self.film.digests(segments), SourceKind.HLS
        else:
            segments, kind = (ranges_segment(f"{self.base}/film.mp4?{query}"),), SourceKind.RANGES
            cuts = range(0, len(self.data), RANGE_SIZE)
            digests = tuple(
                digest_segment(_DIGESTS, self.data[at : at + RANGE_SIZE]) for at in cuts
            )
        return JobSpec(
            kind=kind,
            download_id=download_id,
            secure=self.secure,
            segments=segments,
            digest_algorithm=_DIGESTS,
            digests=digests,
            title="A film",
        )

    def do(
        self,
        place: Place,
        query: str,
        *,
        in_worker: Callable[[], None] | None = None,
        promise: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Carry it out from wherever it stands, in this process, which has one thread.

        With ``in_worker``, which it calls first, the worker does not have to be started.
        ``promise`` hears what will be so from now on, whatever happens.
        """
        place.use()
        if in_worker:
            warm_workers(in_worker)
        identity = self.identity(place)
        try:
            entry = JobStore(identity).create(secure=self.secure, random=os.urandom)
            promise(f"{BEGUN} {entry.download_id.hex()}")
            content_key = _content_key(place, entry.download_id)
            promise(f"{KEPT} {entry.download_id.hex()}")
            task = DownloadTask(
                identity,
                self.spec(entry.download_id, query),
                content_key,
                listener=Silent(),
                should_stop=lambda: False,
                fetcher=FetcherConfig(connections=CONNECTIONS, read_timeout=5.0),
                policy=POLICY,
            )
            task.run()
            promise(COMPLETED)
        except DownloadError as error:
            sys.stderr.write(f"{error}\n")
            os._exit(FAILED)

    def plaintext(self, path: Path) -> bytes:
        """Return what the finished file holds.

        Raises:
            FormatError: It does not open.
        """
        data = path.read_bytes()
        if not self.secure:
            return data
        with SealedReader(MemorySource(data), CONTENT_KEY) as reader:
            return reader.readall()


def _content_key(place: Place, download_id: bytes) -> bytes:
    """Return the key of a download, kept before anything of it is fetched."""
    vault = Vault(place.home, NO_APP)
    if vault.load_secret(download_id) is None:
        vault.save_secret(download_id, CONTENT_KEY)
    kept = vault.load_secret(download_id)
    if kept != CONTENT_KEY:
        raise AssertionError("the vault gave another key")
    return kept


def die_with_parent() -> None:
    """Let the system kill this process when the one that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def in_child(work: Callable[[], None]) -> int:
    """Do ``work`` in a process of its own, and return its number at once."""
    process = os.fork()
    if process:
        return process
    try:
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, it is told and ends here
        traceback.print_exc()
    finally:
        os._exit(70)
