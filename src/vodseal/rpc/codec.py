"""Write and read answers: JSON, and XML for those who ask for it (wire 1, 4, 14).

The one module that handles untyped JSON. An answer is an object whose keys are
UpperCamelCase and which always has a ``RequestId``. XML repeats the element of
a list, and names its root after the action.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.rpc.codes import client_error, server_error

__all__ = [
    "JSON_TYPE",
    "XML_TYPE",
    "Encoded",
    "decode_answer",
    "decode_json",
    "encode_answer",
    "encode_error",
    "encode_json",
    "raise_for_error",
]

JSON_TYPE: Final = "application/json;charset=utf-8"
XML_TYPE: Final = "text/xml;charset=utf-8"

_SUCCESS: Final = range(200, 300)
"""A redirect is no answer: a signed request is for one host."""

_ILLEGAL_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RECOMMEND: Final = "https://help.aliyun.com/zh/vod/developer-reference/error-codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A body and its content type."""

    body: bytes
    content_type: str


def encode_json(value: object) -> str:
    """Return compact JSON.

    Raises:
        ValueError: A number is not finite. TypeError: not JSON at all.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode_json(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ValueError: Not JSON, not an object, nested too deeply, not finite, or with
            text that is no Unicode: half a surrogate pair can be written nowhere.
    """
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    try:
        value = json.loads(plain, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if "\\u" in plain or not plain.isascii():
        json.dumps(value, ensure_ascii=False).encode()  # json itself lets surrogates pass
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the data is wrong, not the call
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def encode_answer(
    action: str, answer: Mapping[str, object], *, request_id: str, format_name: str = "JSON"
) -> Encoded:
    """Return the body of a success. ``format_name`` is the caller's ``Format`` parameter."""
    return _encode(f"{action}Response", {**answer, "RequestId": request_id}, format_name)


def encode_error(
    server_code: str, message: str, *, request_id: str, host_id: str, format_name: str = "JSON"
) -> Encoded:
    """Return the body of a refusal; without a message, the table's own is sent.

    ``RpcError`` without a message carries the code in its place: that counts as none.
    """
    text = message if message not in {"", server_code} else server_error(server_code).message
    body = {
        "RequestId": request_id,
        "HostId": host_id,
        "Code": server_code,
        "Message": text,
        "Recommend": f"{_RECOMMEND}?code={server_code}",
    }
    return _encode("Error", body, format_name)


def _encode(root: str, value: Mapping[str, object], format_name: str) -> Encoded:
    if format_name.upper() != "XML":
        return Encoded(body=encode_json(value).encode(errors="replace"), content_type=JSON_TYPE)
    text = f'<?xml version="1.0" encoding="UTF-8"?>{_xml(root, value)}'
    return Encoded(body=text.encode(), content_type=XML_TYPE)


def _xml(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_xml(str(key), item) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_xml(name, item) for item in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    elif value is None:
        return ""
    else:
        inner = escape(_ILLEGAL_IN_XML.sub("\ufffd", str(value)), quote=False)
    return f"<{name}>{inner}</{name}>"


def decode_answer(status: int, body: bytes) -> dict[str, Any]:
    """Return the answer of a service.

    Raises:
        RequestError: ``SERVER_NO_RESPONSE`` for an empty body, ``SERVER_WRONG_JSON``
            for one that is no JSON object, else what the service's error body says.
    """
    if not body.strip():
        raise RequestError(
            ErrorCode.SERVER_NO_RESPONSE, f"The service sent an empty answer (HTTP {status})."
        )
    try:
        answer = decode_json(body)
    except ValueError:
        raise RequestError(
            ErrorCode.SERVER_WRONG_JSON, f"The service's answer is not JSON (HTTP {status})."
        ) from None
    raise_for_error(status, answer)
    return answer


def raise_for_error(status: int, answer: Mapping[str, Any]) -> None:
    """Return when ``answer`` is a success.

    Raises:
        RequestError: With the client's number for the service's code, and both
            of the service's words in the message.
    """
    code = answer.get("Code") or answer.get("code") or ""
    if status in _SUCCESS and not code:
        return
    server_code = str(code)
    message = str(answer.get("Message") or answer.get("message") or f"HTTP {status}")
    request_id = answer.get("RequestId") or answer.get("requestId") or ""
    raise RequestError(
        client_error(server_code),
        f"{server_code}: {message}" if server_code else message,
        server_code=server_code,
        request_id=str(request_id),
    )
