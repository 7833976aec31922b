"""Run one command: ``vodseal ...`` or ``python -m vodseal.cli ...``.

Exit status 0 says that it was done, 1 that it failed with a named error, 2 that
it was asked for in a wrong way (design 5). An error is printed here and nowhere
else; with ``--json`` as an object on stdout.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from vodseal.cli.commands import make_parser, overview
from vodseal.error_codes import ErrorCode
from vodseal.errors import MisuseError, OperatorError, VodsealError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_DONE, _FAILED, _USAGE = 0, 1, 2
_DEBUG: Final = "VODSEAL_DEBUG"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in ``arguments``, those of the process by default; return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in {"--help", "-h", "help"}:
        sys.stdout.write(f"{overview()}\n")
        return _DONE if arguments else _USAGE
    if arguments[0] == "--version":
        sys.stdout.write(f"{_version()}\n")
        return _DONE
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        error: VodsealError = OperatorError(ErrorCode.INTERRUPTED, "interrupted")
    except VodsealError as raised:
        error = raised
    except BrokenPipeError:
        # Whoever read our output has seen enough; say nothing more, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except Exception as raised:
        # The last resort. Its text may hold anything, so only its kind is told.
        if os.environ.get(_DEBUG):
            raise
        error = OperatorError(
            ErrorCode.UNKNOWN_ERROR,
            f"unforeseen {type(raised).__name__}",
            remedy=f"Report it with what {_DEBUG}=1 prints.",
        )
    return _tell(error, arguments)


def _run(arguments: list[str]) -> int:
    from cyclopts import CycloptsError  # noqa: PLC0415 - see make_parser

    parser = make_parser(arguments[0])
    try:
        status = parser(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise MisuseError(str(error)) from error
    return status if isinstance(status, int) else _DONE


def _tell(error: VodsealError, arguments: list[str]) -> int:
    from vodseal.cli.terminal import Terminal  # noqa: PLC0415 - see make_parser

    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if error.code is ErrorCode.MISUSE and not error.remedy:
        error.remedy = f"See: vodseal {arguments[0]} --help"
    Terminal(as_json="--json" in own).error(error)
    return _USAGE if error.code is ErrorCode.MISUSE else _FAILED


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - 30 ms that nobody else needs

    return f"vodseal {version('vodseal')}"


if __name__ == "__main__":
    sys.exit(main())
