"""The service's log: one JSON object a line, for people and for machines.

Only what is listed here gets into a line: a field that a caller adds by mistake
cannot carry a secret out.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Final

from vodseal.rpc.replay import format_time

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["JsonLines", "log_to"]

_FIELDS: Final = (
    "request_id",
    "action",
    "key_id",
    "video_id",
    "task_id",
    "job_id",
    "status",
    "outcome",
    "reason",
    "count",
    "seconds",
)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": format_time(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        found = {name: getattr(record, name, None) for name in _FIELDS}
        line |= {name: value for name, value in found.items() if value not in {None, ""}}
        if record.exc_info is not None and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to(stream: TextIO, level: int = logging.INFO) -> None:
    """Write the service's log to ``stream``."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("vodseal.service")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
