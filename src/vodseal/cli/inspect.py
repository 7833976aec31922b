"""``vodseal inspect``: what a sealed file says without its key."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import Final

from cyclopts import App

from vodseal.cli.terminal import Json, Terminal
from vodseal.container.inspect import describe
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.vault.sealed_files import FileSource

__all__ = ["inspect"]

inspect: Final = App(name="inspect")


@inspect.default
def run(file: Path, /, *, json: Json = False) -> None:
    """Show what a sealed file says without its key. None of it is proved: see `verify`.

    Example: vodseal inspect film.vseal

    Args:
        file: The sealed file.
        json: Print one JSON object.
    """
    try:
        with FileSource(file.resolve()) as source:
            found = describe(source)
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    header = found.header
    Terminal(as_json=json).answer(
        {
            "file": str(file),
            "size": found.actual_size,
            "whole": found.is_whole,
            "download_id": header.download_id.hex(),
            "file_id": header.file_id.hex(),
            "film_size": header.plaintext_size,
            "parts": header.part_count,
        }
    )
