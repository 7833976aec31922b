"""``vodseal verify --repair``: fetch again what is damaged, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.cli.choosing import read_source
from vodseal.cli.download import download_file
from vodseal.cli.interrupts import Interrupts
from vodseal.errors import StoppedError
from vodseal.sdk.repair import FileRepair, RepairOutcome, RepairResult, identity_of

if TYPE_CHECKING:
    from vodseal.cli.terminal import Terminal
    from vodseal.sdk.sources import Source

__all__ = ["repair_file"]

_WHOLE: Final = 100


def repair_file(terminal: Terminal, file: Path, source_file: Path, endpoint: str | None) -> None:
    """Make a sealed file whole, and say what that took.

    Raises:
        VodsealError: As ``FileRepair.run`` and ``download_file``.
    """
    identity = identity_of(file)
    source = read_source(source_file, identity.vid, endpoint)
    result = _mend(terminal, file, source)
    outcome = str(result.outcome)
    if result.outcome is RepairOutcome.DOWNLOAD_NEEDED:
        terminal.say(f"{result.reason}: all of it is downloaded")
        download_file(terminal, source, Path(identity.save_dir), track=identity.index)
        outcome = "downloaded"
    terminal.answer(
        {
            "file": str(file),
            "ok": True,
            "outcome": outcome,
            "damaged_bytes": result.bad_size,
            "fetched_bytes": result.received_bytes,
            "reason": result.reason,
        }
    )


def _mend(terminal: Terminal, file: Path, source: Source) -> RepairResult:
    with Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
        try:
            return FileRepair(
                path=file,
                source=source,
                on_share=lambda what, share: bars.update(what, int(_WHOLE * share), _WHOLE),
                should_stop=interrupts.is_heard,
            ).run()
        except StoppedError:
            interrupts.check()
            raise
