"""Sign and check requests by signature version 1.0 (wire 2, SPEC rpc §2).

HMAC-SHA1 over the method and every parameter but the signature itself. Host,
path and headers are not covered, so nothing may depend on them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.errors import RpcError
from vodseal.rpc.canonical import canonical_query, percent_encode
from vodseal.rpc.codes import server_error

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credential", "sign", "signed_parameters", "string_to_sign", "verify"]

_METHOD: Final = "HMAC-SHA1"
_VERSION: Final = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An access key, with a security token when it is a temporary one."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """Return the text that the signature covers."""
    return f"{method.upper()}&%2F&{percent_encode(canonical_query(parameters))}"


def sign(method: str, parameters: Mapping[str, str], secret: str) -> str:
    """Return the signature of a request, base64."""
    text = string_to_sign(method, parameters).encode()
    mac = hmac.new(f"{secret}&".encode(errors="replace"), text, hashlib.sha1)
    return base64.b64encode(mac.digest()).decode("ascii")


def signed_parameters(
    method: str,
    parameters: Mapping[str, str],
    credential: Credential,
    *,
    nonce: str,
    timestamp: str,
) -> dict[str, str]:
    """Return ``parameters`` with the credential's, the nonce, the time and the signature."""
    full = {
        **parameters,
        "AccessKeyId": credential.access_key_id,
        "SignatureMethod": _METHOD,
        "SignatureVersion": _VERSION,
        "SignatureNonce": nonce,
        "Timestamp": timestamp,
    }
    if credential.security_token:
        full["SecurityToken"] = credential.security_token
    full["Signature"] = sign(method, full, credential.access_key_secret)
    return full


def verify(method: str, parameters: Mapping[str, str], secret: str) -> None:
    """Return when the request was signed with ``secret``.

    Raises:
        RpcError: ``MissingSignature``; ``InvalidParameter`` for another method
            or version; ``SignatureDoesNotMatch``, whose text holds the string
            that we signed after its only first colon: clients cut it out there
            and compare it with their own (wire 4, 14). That string holds
            parameters of the caller, never the secret.
    """
    given = parameters.get("Signature")
    if not given:
        raise RpcError("MissingSignature")
    if parameters.get("SignatureMethod", _METHOD) != _METHOD:
        raise RpcError("InvalidParameter.SignatureMethod")
    if parameters.get("SignatureVersion", _VERSION) != _VERSION:
        raise RpcError("InvalidParameter.SignatureVersion")
    expected = sign(method, parameters, secret)
    if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
        raise RpcError(
            "SignatureDoesNotMatch",
            server_error("SignatureDoesNotMatch").message + string_to_sign(method, parameters),
        )
