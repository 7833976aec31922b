"""Send a file to the service's upload endpoint, the way OSS clients do (wire 6).

A small file is one PUT; a larger one goes in upload parts, so that a run that
was interrupted goes on with the parts that are missing. Every answer's ETag, an
MD5, is compared with the bytes that were sent. The signature does not cover the
body; against a stranger in between, TLS does.
"""

from __future__ import annotations

import errno
import hashlib
import io
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

import pycurl

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.rpc.oss_v1 import authorization, string_to_sign
from vodseal.tls import system_trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from vodseal.clock import Clock
    from vodseal.rpc.messages.videos import UploadAddress, UploadAuth

__all__ = ["ObjectUpload"]

_CONNECT_MS: Final = 5_000
_STALL_SECONDS: Final = 60
_JOIN_SECONDS: Final = 600
"""How long the service may take to join the parts of a film; it is asked again after that."""
_BUFFER_SIZE: Final = 1 << 19
_CODE: Final = re.compile(r"<Code>([^<]{1,64})</Code>")
_UPLOAD_ID: Final = re.compile(r"<UploadId>([^<]{1,128})</UploadId>")
_PART: Final = re.compile(
    r"<Part>.*?<PartNumber>(\d{1,5})</PartNumber>.*?<ETag>(?:&quot;|\")?([0-9A-Fa-f]{32})"
    r".*?<Size>(\d{1,18})</Size>.*?</Part>",
    re.DOTALL,
)
_MARKER: Final = re.compile(r"<NextPartNumberMarker>(\d{1,5})</NextPartNumberMarker>")
_MORE: Final = "<IsTruncated>true</IsTruncated>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    etag: str
    text: str = field(repr=False)


class ObjectUpload:
    """One object at one address, with a key that may be replaced. For one thread."""

    def __init__(
        self,
        address: UploadAddress,
        auth: UploadAuth,
        *,
        clock: Clock,
        is_cancelled: Callable[[], bool],
    ) -> None:
        """Take where to send to; nothing is sent yet."""
        self.auth = auth
        self._resource = f"/{address.bucket}/{address.file_name}"
        self._url = address.endpoint.rstrip("/") + quote(self._resource)
        self._clock = clock
        self._is_cancelled = is_cancelled
        self._curl = pycurl.Curl()

    def close(self) -> None:
        """Give the connection back."""
        self._curl.close()

    def begin(self) -> str:
        """Return the id of a new multipart upload. Raises as ``send``."""
        match = _UPLOAD_ID.search(self._ask("POST", {"uploads": ""}).text)
        if match is None:
            raise RequestError(ErrorCode.SERVER_WRONG_JSON, "the service began no upload")
        return match[1]

    def present_parts(self, upload_id: str) -> dict[int, tuple[str, int]]:
        """Return ETag and size of each part that the service has. Raises as ``send``."""
        found: dict[int, tuple[str, int]] = {}
        marker = "0"
        while True:
            query = {"uploadId": upload_id, "part-number-marker": marker}
            text = self._ask("GET", query).text
            found |= {int(n): (etag.lower(), int(size)) for n, etag, size in _PART.findall(text)}
            after = _MARKER.search(text)
            if _MORE not in text or after is None or after[1] == marker:
                return found
            marker = after[1]

    def send(
        self,
        file: BinaryIO,
        size: int,
        on_sent: Callable[[int], object],
        query: Mapping[str, str] | None = None,
    ) -> str:
        """Send ``size`` bytes of ``file`` from its position; return their MD5.

        Raises:
            RequestError: It was refused, ``server_code`` says why; or the
                connection broke, or it was cancelled (``INTERRUPTED``).
            OSError: The file could not be read.
        """
        body = _Body(file, size, on_sent)
        answer = self._ask("PUT", dict(query or {}), body)
        sent = body.digest.hexdigest()
        if answer.etag.strip('"').lower() != sent:
            raise RequestError(ErrorCode.REQUEST_FAIL, "what arrived is not what was sent")
        return sent

    def complete(self, upload_id: str, etags: Mapping[int, str]) -> None:
        """Have the service join the parts. Raises as ``send``."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag.upper())}</ETag></Part>"
            for number, etag in sorted(etags.items())
        )
        xml = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        body = _Body(io.BytesIO(xml), len(xml), lambda _: None)
        self._ask("POST", {"uploadId": upload_id}, body, patience=_JOIN_SECONDS)

    def _ask(
        self,
        verb: str,
        query: dict[str, str],
        body: _Body | None = None,
        *,
        patience: int = _STALL_SECONDS,
    ) -> _Answer:
        received, head = io.BytesIO(), io.BytesIO()
        curl = self._curl
        curl.reset()
        self._set_request(verb, query, body or _Body(io.BytesIO(), 0, lambda _: None))
        curl.setopt(pycurl.LOW_SPEED_TIME, patience)
        curl.setopt(pycurl.WRITEFUNCTION, received.write)
        curl.setopt(pycurl.HEADERFUNCTION, head.write)
        try:
            curl.perform()
        except pycurl.error as error:
            if body is not None and body.failure is not None:
                raise body.failure from None
            raise self._failure(error.args[0]) from None
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        text = received.getvalue().decode("utf-8", "replace")
        if status not in {200, 204}:
            code = _CODE.search(text)
            word = code[1] if code else f"HTTP {status}"
            message = f"the service refused the upload: {word}"
            raise RequestError(ErrorCode.REQUEST_FAIL, message, server_code=word)
        return _Answer(status=status, etag=_header(head.getvalue(), "etag"), text=text)

    def _set_request(self, verb: str, query: dict[str, str], body: _Body) -> None:
        curl, trust = self._curl, system_trust()
        headers = {
            "content-type": "application/octet-stream",
            "date": formatdate(self._clock.now(), usegmt=True),
            "x-oss-security-token": self.auth.security_token,
        }
        text = string_to_sign(verb, self._resource, headers, query)
        headers["authorization"] = authorization(
            self.auth.access_key_id, self.auth.access_key_secret, text
        )
        lines = [f"{name}: {value}" for name, value in headers.items()]
        curl.setopt(pycurl.URL, self._url + (f"?{urlencode(query)}" if query else ""))
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.CUSTOMREQUEST, verb)
        curl.setopt(pycurl.HTTPHEADER, [*lines, "Expect:"])
        if verb != "GET":
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.INFILESIZE_LARGE, body.size)
            curl.setopt(pycurl.UPLOAD_BUFFERSIZE, _BUFFER_SIZE)
            curl.setopt(pycurl.READFUNCTION, body.read)
        curl.setopt(pycurl.NOPROGRESS, 0)
        curl.setopt(pycurl.XFERINFOFUNCTION, lambda *_: int(self._is_cancelled()))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_MS)
        curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROXY, "")
        if trust.native:
            curl.setopt(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)
        if trust.ca_file:
            curl.setopt(pycurl.CAINFO, trust.ca_file)
        if trust.ca_folder:
            curl.setopt(pycurl.CAPATH, trust.ca_folder)

    def _failure(self, number: int) -> RequestError:
        if self._is_cancelled():
            return RequestError(ErrorCode.INTERRUPTED, "interrupted; what was sent is kept")
        message = f"the connection to the service broke (libcurl {number})"
        return RequestError(ErrorCode.REQUEST_FAIL, message)


class _Body:
    """A stretch of a file, read as it is sent."""

    def __init__(self, file: BinaryIO, size: int, on_sent: Callable[[int], object]) -> None:
        self.size = size
        self.digest = hashlib.md5(usedforsecurity=False)
        self.failure: OSError | None = None
        self._file = file
        self._left = size
        self._on_sent = on_sent

    def read(self, most: int) -> bytes | int:
        """Return what follows; libcurl calls this, so an error is kept for later."""
        try:
            data = self._file.read(min(most, self._left))
        except OSError as error:
            self.failure = error
        else:
            if not data and self._left:
                self.failure = OSError(errno.EIO, "the file became shorter")
        if self.failure is not None:
            return int(pycurl.READFUNC_ABORT)
        self._left -= len(data)
        self.digest.update(data)
        self._on_sent(len(data))
        return data


def _header(head: bytes, name: str) -> str:
    lines = head.decode("latin-1").splitlines()
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip().lower() == name), "")
