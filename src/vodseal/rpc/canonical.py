"""Write and read parameters in the one form that both sides sign (wire 1, 2, SPEC rpc §1).

A request is a set of named texts, wherever they travelled: query and form body
count alike. Encoding is RFC 3986, so decoding and encoding again gives the
same bytes however the client wrote a space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

from vodseal.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_PARAMETER_COUNT", "canonical_query", "parse_parameters", "percent_encode"]

MAX_PARAMETER_COUNT: Final = 200
"""No action knows more than thirty; the rest of a request is ignored, but read."""


def percent_encode(text: str) -> str:
    """Return ``text`` with everything but ``A-Z a-z 0-9 - _ . ~`` as ``%XX``."""
    return quote(text, safe="", errors="replace")


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Return ``name=value&...`` in the byte order of the names, without ``Signature``."""
    return "&".join(
        f"{percent_encode(name)}={percent_encode(value)}"
        for name, value in sorted(parameters.items())
        if name != "Signature"
    )


def parse_parameters(query: str, form: str = "") -> dict[str, str]:
    """Return the parameters of a request, those of query and form body together.

    Raises:
        RpcError: A name occurs twice (one of the two would go unsigned), or
            there are more than ``MAX_PARAMETER_COUNT``.
    """
    parameters: dict[str, str] = {}
    for text in (query, form):
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETER_COUNT)
        except ValueError:
            raise RpcError("InvalidParameter", "The request has too many parameters.") from None
        for name, value in pairs:
            if name in parameters:
                raise RpcError("InvalidParameter", f"The parameter {name[:64]!r} is given twice.")
            parameters[name] = value
    return parameters
