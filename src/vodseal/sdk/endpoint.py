"""The address of a service: scheme, host and port, and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError

__all__ = ["checked_endpoint"]


def checked_endpoint(endpoint: str) -> str:
    """Return ``endpoint`` as ``scheme://host[:port]``.

    Raises:
        RequestError: ``REQUEST_FAIL``: it is none.
    """
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise RequestError(
            ErrorCode.REQUEST_FAIL, "The endpoint is not of the form http(s)://host[:port]."
        )
    return f"{parts.scheme}://{parts.netloc}"
