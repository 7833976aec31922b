"""``vodseal rekey``: move what was downloaded from one security file to another."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import Final

from cyclopts import App

from vodseal.cli.app_options import APP_KEY_VARIABLE, NO_APP, AppOptions
from vodseal.cli.terminal import Json, Terminal
from vodseal.error_codes import ErrorCode
from vodseal.errors import MisuseError, OperatorError
from vodseal.sdk.private_service import PrivateService

__all__ = ["rekey"]

rekey: Final = App(name="rekey")

_WHOLE: Final = 100


@rekey.default
def run(
    *files: Path,
    old: Path,
    old_app_key_file: Path | None = None,
    options: AppOptions = NO_APP,
    json: Json = False,
) -> None:
    """Move downloads to another security file of the app; only that one opens them then.

    The sealed files stay as they are, and an interruption harms nothing: run it again.

    Example: vodseal rekey --old old.dat --old-app-key-file old.key
    --security-file new.dat --app-key-file new.key --app ./cinema

    Args:
        files: The sealed files; everything that was downloaded when left out.
        old: The security file they were made with.
        old_app_key_file: A file with its private string.
        options: The security file that takes its place, and the app.
        json: Print one JSON object.
    """
    if options.security_file is None:
        raise MisuseError("--security-file is needed: the one that takes the old one's place")
    terminal = Terminal(as_json=json)
    given = os.environ.get(APP_KEY_VARIABLE)
    try:
        with terminal.bars() as bars:
            done = PrivateService.rekey(
                old,
                options.security_file,
                files or None,
                old_app_key=old_app_key_file,
                new_app_key=options.app_key_file or given,
                app=options.app,
                on_progress=lambda percent: bars.update("moving", percent, _WHOLE),
            )
    except OSError as error:
        message = f"{error.filename or 'the vault'}: {error.strerror}"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    if done.left:
        first = done.left[0]
        raise OperatorError(
            ErrorCode.CHECK_FAILED,
            f"{done.moved} downloads were moved; {len(done.left)} stay as they were, "
            f"{first.path or first.license_id}: {first.error.message}",
            remedy=first.error.remedy,
        )
    terminal.answer({"moved": done.moved, "present": done.present})
