"""What is remembered of an upload that is under way.

One small file for each film in ``VODSEAL_HOME/uploads``: its video and its
multipart upload, no credential. The same command for the same file goes on from
there. It is forgotten when there is nothing left to go on with.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.rpc.codec import decode_json
from vodseal.vault.home import default_home
from vodseal.vault.private_files import make_private_folder, write_private_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Film", "UploadNote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """The file, and what the service is told about it."""

    path: Path
    size: int
    modified_ns: int
    title: str
    template_group: str | None


class UploadNote:
    """What is remembered about the upload of one film."""

    def __init__(self, film: Film, endpoint: str) -> None:
        """Read it, when there is one for this very file at this service."""
        told = (endpoint, film.path, film.size, film.modified_ns, film.template_group)
        identity = "\0".join(map(str, told)).encode("utf-8", "surrogateescape")
        name = hashlib.sha256(identity).hexdigest()[:32]
        self._path = default_home() / "uploads" / f"{name}.json"
        kept = self._read()
        self.video_id: str = kept.get("video_id", "")
        self.upload_id: str = kept.get("upload_id", "")
        self.is_sent: bool = bool(kept.get("is_sent", False))

    def keep(self, *, video_id: str, upload_id: str = "", is_sent: bool = False) -> None:
        """Remember.

        Raises:
            OperatorError: ``OUTPUT_FILE_UNUSABLE``.
        """
        self.video_id, self.upload_id, self.is_sent = video_id, upload_id, is_sent
        members = {"video_id": video_id, "upload_id": upload_id, "is_sent": is_sent}
        try:
            make_private_folder(self._path.parent)
            write_private_file(self._path, json.dumps(members).encode())
        except OSError as error:
            message = f"{self._path}: {error.strerror}"
            raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error

    def forget(self) -> None:
        """Forget; there is nothing to go on with."""
        self.video_id = self.upload_id = ""
        self.is_sent = False
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            return decode_json(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
