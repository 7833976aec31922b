"""Bring a film to the service, in as many runs as it takes.

A broken connection is tried again a few times, an expired key is replaced. What
an interrupted run has sent counts in the next one: the service is asked which
parts it has.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from vodseal.cli.object_upload import ObjectUpload
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, RequestError
from vodseal.rpc.codec import decode_json
from vodseal.rpc.messages.fields import Message, from_wire
from vodseal.rpc.messages.videos import (
    CreateUploadVideoRequest,
    RefreshUploadVideoRequest,
    UploadAddress,
    UploadAuth,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from vodseal.cli.interrupts import Interrupts
    from vodseal.cli.upload_note import Film, UploadNote
    from vodseal.clock import Clock
    from vodseal.sdk.transport import RpcClient

__all__ = ["PART_SIZE", "Uploader"]

PART_SIZE: Final = 16 << 20
"""Of an upload part; a smaller file goes in one piece."""

_MOST_PARTS: Final = 10_000
_ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.5
_EXPIRED: Final = frozenset({"SecurityTokenExpired", "InvalidAccessKeyId"})
_GONE: Final = frozenset({"NoSuchUpload", "NoSuchKey"})

M = TypeVar("M", bound=Message)
T = TypeVar("T")


class Uploader:
    """The upload of one film. Used once."""

    def __init__(
        self,
        client: RpcClient,
        film: Film,
        note: UploadNote,
        *,
        clock: Clock,
        interrupts: Interrupts,
        on_progress: Callable[[int], object],
    ) -> None:
        """``on_progress`` hears how many bytes the service has."""
        self._client = client
        self._film = film
        self._note = note
        self._clock = clock
        self._interrupts = interrupts
        self._on_progress = on_progress
        self._done = 0

    def run(self) -> str:
        """Send what the service has not; return the video's id.

        Raises:
            RequestError: The service refused, or cannot be reached any more.
            OperatorError: The film cannot be read, or it was interrupted. What
                was sent is kept.
        """
        if self._note.is_sent:
            return self._note.video_id
        try:
            with self._film.path.open("rb") as file:
                upload = self._open()
                try:
                    self._send(upload, file)
                finally:
                    upload.close()
        except OSError as error:
            message = f"{self._film.path}: {error.strerror}"
            raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
        self._note.keep(video_id=self._note.video_id, is_sent=True)
        return self._note.video_id

    def _open(self) -> ObjectUpload:
        if self._note.video_id:
            try:
                return self._refreshed()
            except RequestError as error:
                if not error.server_code.startswith(("InvalidVideo", "Forbidden.IllegalStatus")):
                    raise
                self._note.forget()
        request = CreateUploadVideoRequest(
            title=self._film.title,
            file_name=self._film.path.name,
            file_size=self._film.size,
            template_group_id=self._film.template_group,
        )
        answer = self._client.send(request)
        self._note.keep(video_id=answer.video_id)
        return self._object_upload(answer.upload_address, answer.upload_auth)

    def _refreshed(self) -> ObjectUpload:
        answer = self._client.send(RefreshUploadVideoRequest(video_id=self._note.video_id))
        return self._object_upload(answer.upload_address, answer.upload_auth)

    def _object_upload(self, address: str, auth: str) -> ObjectUpload:
        return ObjectUpload(
            _decoded(UploadAddress, address),
            _decoded(UploadAuth, auth),
            clock=self._clock,
            is_cancelled=self._interrupts.is_heard,
        )

    def _send(self, upload: ObjectUpload, file: BinaryIO) -> None:
        if self._film.size <= PART_SIZE:
            self._insist(upload, lambda: self._send_stretch(upload, file, 0, self._film.size, {}))
            return
        if not self._note.upload_id:
            self._begin(upload)
        try:
            self._send_parts(upload, file)
        except RequestError as error:
            if error.server_code not in _GONE:
                raise
            self._begin(upload)
            self._send_parts(upload, file)

    def _begin(self, upload: ObjectUpload) -> None:
        upload_id = self._insist(upload, upload.begin)
        self._note.keep(video_id=self._note.video_id, upload_id=upload_id)

    def _send_parts(self, upload: ObjectUpload, file: BinaryIO) -> None:
        upload_id, size = self._note.upload_id, self._film.size
        part_size = max(PART_SIZE, -(-size // _MOST_PARTS))
        present = self._insist(upload, lambda: upload.present_parts(upload_id))
        etags: dict[int, str] = {}
        self._done = 0
        for number, offset in enumerate(range(0, size, part_size), start=1):
            length = min(part_size, size - offset)
            etag, there = present.get(number, ("", -1))
            if there == length:
                self._advance(length)
            else:
                query = {"partNumber": str(number), "uploadId": upload_id}
                send = partial(self._send_stretch, upload, file, offset, length, query)
                etag = self._insist(upload, send)
            etags[number] = etag
        self._insist(upload, lambda: upload.complete(upload_id, etags))

    def _send_stretch(
        self, upload: ObjectUpload, file: BinaryIO, offset: int, size: int, query: dict[str, str]
    ) -> str:
        before = self._done
        file.seek(offset)
        try:
            return upload.send(file, size, self._advance, query)
        except RequestError:
            self._done = before
            raise

    def _advance(self, count: int) -> None:
        self._done += count
        self._on_progress(self._done)

    def _insist(self, upload: ObjectUpload, act: Callable[[], T]) -> T:
        """Return what ``act`` returns; try again where that can help."""
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            self._interrupts.check()
            try:
                return act()
            except RequestError as error:
                expired = error.server_code in _EXPIRED
                hopeless = error.server_code and not expired and "HTTP 5" not in error.server_code
                if hopeless or attempt == _ATTEMPTS or error.code is ErrorCode.INTERRUPTED:
                    raise
                if expired:
                    upload.auth = self._fresh_auth()
            self._interrupts.wait(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _fresh_auth(self) -> UploadAuth:
        request = RefreshUploadVideoRequest(video_id=self._note.video_id)
        return _decoded(UploadAuth, self._client.send(request).upload_auth)


def _decoded(model: type[M], text: str) -> M:
    """Return one of the two objects of CreateUploadVideo's answer.

    Raises:
        RequestError: ``SERVER_WRONG_JSON``.
    """
    try:
        members = decode_json(base64.b64decode(text))
    except ValueError as error:
        message = "the service's upload address is broken"
        raise RequestError(ErrorCode.SERVER_WRONG_JSON, message) from error
    return from_wire(model, members)
