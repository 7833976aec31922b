"""Run a command, and kill whoever of it is about to make the n-th call that changes a folder.

``python -m torture.under FOLDER N COMMAND...``; with 0 for N nobody is killed. The last line
on stderr says how many such calls there were.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from torture.tracer import NOT_HERE, Next, Tracer, why_not

if TYPE_CHECKING:
    from torture.calls import Call


def main() -> int:
    folder, number, *command = sys.argv[1:]
    if reason := why_not():
        print(f"nothing can be shown here: {reason}", file=sys.stderr)
        return NOT_HERE
    count = 0

    def choose(_: Call) -> Next:
        nonlocal count
        count += 1
        return Next.KILL if count == int(number) else Next.GO

    status = Tracer(Path(folder), choose).run(lambda: os.execvp(command[0], command))
    print(f"{count} calls", file=sys.stderr)
    return abs(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    sys.exit(main())
