"""All output of the command line.

The rules, in order of weight:

1. With ``--json``, stdout holds JSON and nothing else: one object, or one line
   for each event. Scripts rely on it (design 5).
2. Talk goes to stderr, with or without ``--json``; without it, stdout holds the
   answer, in a form that a pipe can read.
3. An error is message, remedy and number. No secret is ever printed, but where
   printing it is what was asked for: a credential, and the operator's first key.

Colour and bars are for a terminal; elsewhere it is plain text.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Annotated, Final, TextIO, TypeAlias

from cyclopts import Parameter

from vodseal.cli.bars import Bars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vodseal.errors import VodsealError

__all__ = ["Flag", "Json", "Terminal", "error_object"]

Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option without a value, and without a ``--no-`` form."""

Json: TypeAlias = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]
"""``--json``, as every command has it."""

_GAP: Final = 2


def error_object(error: VodsealError) -> dict[str, object]:
    """Return an error as design 5 spells it."""
    told: dict[str, object] = {
        "event": "error",
        "code": int(error.code),
        "hex": f"0x{error.code:08X}",
        "name": error.code.name,
        "message": error.message,
        "remedy": error.remedy,
    }
    return told | ({"request_id": error.request_id} if error.request_id else {})


class Terminal:
    """What one command prints."""

    def __init__(
        self, *, as_json: bool, out: TextIO | None = None, talk: TextIO | None = None
    ) -> None:
        """Print on stdout and stderr, or on ``out`` and ``talk``."""
        self.as_json: Final = as_json
        self._out = out or sys.stdout
        self._talk = talk or sys.stderr

    def say(self, text: str) -> None:
        """Tell a person something in passing."""
        print("\n".join(map(_printable, text.split("\n"))), file=self._talk, flush=True)

    def event(self, name: str, /, **members: object) -> None:
        """Tell a script what happens; people see bars and talk instead."""
        if self.as_json:
            self._print_json({"event": name, **members})

    def answer(self, members: Mapping[str, object], text: str | None = None) -> None:
        """Print the answer of a command: an object, or ``text``, or its members line by line."""
        if self.as_json:
            self._print_json(members)
        elif text is not None:
            print(text, file=self._out, flush=True)
        else:
            self._print_rows([(f"{name}:", _plain(value)) for name, value in members.items()])

    def table(
        self, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Print a list: ``{name: rows}``, or ``columns`` of ``rows``, aligned."""
        if self.as_json:
            return self._print_json({name: list(rows)})
        head = tuple(column.replace("_", " ") for column in columns)
        cells = [tuple(_plain(row.get(column)) for column in columns) for row in rows]
        return self._print_rows([head, *cells])

    def error(self, error: VodsealError) -> None:
        """Print an error: an object on stdout, or three lines of talk."""
        if self.as_json:
            return self._print_json(error_object(error))
        self.say(f"error: {error.message}")
        if error.remedy:
            self.say(f"  {error.remedy}")
        asked = f", request {error.request_id}" if error.request_id else ""
        return self.say(f"  (0x{error.code:08X} {error.code.name}{asked})")

    @contextlib.contextmanager
    def bars(self) -> Iterator[Bars]:
        """Show bars while the block runs; none with ``--json``."""
        with Bars(None if self.as_json else self._talk) as bars:
            yield bars

    def _print_json(self, members: Mapping[str, object]) -> None:
        print(json.dumps(members, ensure_ascii=False), file=self._out, flush=True)

    def _print_rows(self, rows: Sequence[tuple[str, ...]]) -> None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width + _GAP) for cell, width in zip(row, widths, strict=True))
            print("".join(cells).rstrip(), file=self._out)
        self._out.flush()


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _printable(text)


def _printable(text: str) -> str:
    """Return ``text`` without control characters: a title is whatever its uploader wrote."""
    return "".join(c if c.isprintable() else " " for c in text)
