"""The three options that say which app this is, as ``download``, ``play`` and ``verify`` have them.

The app's private string is never an argument, because a command line can be read
by every user of the machine: it comes from a file or from ``VODSEAL_APP_KEY``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import Annotated, Final

from cyclopts import Parameter

from vodseal.sdk.private_service import PrivateService

__all__ = ["APP_KEY_VARIABLE", "NO_APP", "AppOptions"]

APP_KEY_VARIABLE: Final = "VODSEAL_APP_KEY"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AppOptions:
    """Which app this is."""

    security_file: Annotated[Path | None, Parameter(env_var="VODSEAL_SECURITY_FILE")] = None
    """The security file that the service issued for the app."""

    app_key_file: Annotated[Path | None, Parameter(env_var="VODSEAL_APP_KEY_FILE")] = None
    """A file with the app's private string; or set VODSEAL_APP_KEY."""

    app: Annotated[Path | None, Parameter(env_var="VODSEAL_APP")] = None
    """The app's signed folder."""

    def load(self) -> None:
        """Load the security file into this process, when one is named; silent, as ever (B20)."""
        if self.security_file is None:
            return
        given = os.environ.get(APP_KEY_VARIABLE)
        key = self.app_key_file or ((lambda: given) if given else None)
        PrivateService.init_service(self.security_file, app=self.app, app_key=key)


NO_APP: Final = AppOptions()
"""When no option is given."""
