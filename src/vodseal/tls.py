"""Where this machine keeps the certificates that it trusts.

The libcurl inside a wheel was built on another machine and looks where that one
keeps them; Python's own ssl module knows better. Verification is never off.
"""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass

__all__ = ["TrustStore", "system_trust"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """What to tell libcurl. ``native``: the operating system's own store."""

    ca_file: str | None = None
    ca_folder: str | None = None
    native: bool = False


def system_trust() -> TrustStore:
    """Return the trust store; ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace it."""
    paths = ssl.get_default_verify_paths()
    return TrustStore(
        ca_file=paths.cafile,
        ca_folder=paths.capath,
        native=sys.platform in {"win32", "darwin"},
    )
