"""A begun job, its open journal and stage folder, and pieces of clear transport stream."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from blake3 import blake3

from vodseal.container.cobblestone import BLOCK_ROOM
from vodseal.container.keys import stage_key
from vodseal.download import Identity, JobSpec, JobStore, SegmentSpec, SourceKind
from vodseal.download.files import STAGE_FOLDER, open_job_folder
from vodseal.download.journal import Journal
from vodseal.download.plan import Piece, pieces_of
from vodseal.download.staging import Staging, open_staged

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.download.folder import Folder

CK = b"c" * 32
COUNT = 6


def segment_bytes(number: int) -> bytes:
    """Return a segment that looks like transport stream and like no other."""
    packet = b"\x47" + bytes([number]) * 187
    return packet * (10 + number)


@dataclass
class StageWorld:
    """Everything that staging needs."""

    identity: Identity
    random: Callable[[int], bytes]
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self.entry = JobStore(self.identity).create(secure=True, random=self.random)
        self.job = self.make_job()
        self.pieces = pieces_of(self.job)
        folder = self.stack.enter_context(open_job_folder(self.identity))
        self.journal = self.stack.enter_context(Journal.open(folder, self.identity.save_dir))
        self.stage: Folder = self.stack.enter_context(folder.subfolder(STAGE_FOLDER, create=True))
        self.staging = Staging(self.stage, CK, self.entry.download_id)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def make_job(self, prefix: str = "/s", *, signed: bool = True) -> JobSpec:
        return JobSpec(
            kind=SourceKind.HLS,
            download_id=self.entry.download_id,
            secure=True,
            segments=tuple(
                SegmentSpec(url=f"http://h{prefix}{n}.ts?auth_key=1", path=f"{prefix}{n}.ts")
                for n in range(COUNT)
            ),
            digest_algorithm=2 if signed else None,
            digests=tuple(blake3(segment_bytes(n)).digest() for n in range(COUNT))
            if signed
            else (),
        )

    def stage_piece(self, piece: Piece, *, commit: bool = True) -> None:
        data = memoryview(segment_bytes(piece.sequence))
        written = self.staging.seal(piece, data, bytearray(BLOCK_ROOM))
        if commit:
            self.staging.commit(self.journal, [written])
        else:
            self.staging.abandon([written])

    def read(self, piece: Piece) -> bytes:
        key = stage_key(CK, self.entry.download_id)
        opened = open_staged(self.stage, key, piece, self.entry.download_id)
        return b"".join(map(bytes, opened))
