"""What comes of each fault in each place: the table that the test holds, and the page shows.

Nothing but data, so that `scripts/faults` needs nothing but Python.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DISK", "PLACES", "TABLE", "Row"]

REPAIRED = "repaired"
TOLD = "told"
"""The film is made, and what could not be checked is said in the result."""

URL = "URL_CANNOT_REACH"
NET = "NET_ERROR"
FORMAT = "NOT_SUPPORT_FORMAT"
KEY = "GET_AES_KEY_FAIL"
OPENS_NOT = "ENCRYPT_ERROR"
NO_JSON = "SERVER_WRONG_JSON"
NO_ANSWER = "SERVER_NO_RESPONSE"
FAILED = "REQUEST_FAIL"

PLACES = ("segment", "unsigned segment", "playlist", "key", "action")


@dataclass(frozen=True)
class Row:
    """One fault: for each place what comes of it when it happens once, and always."""

    fault: str
    segment: tuple[str, str]
    unsigned: tuple[str, str]
    """A segment of which nobody signed a digest."""
    playlist: tuple[str, str]
    key: tuple[str, str]
    action: tuple[str, str]

    def outcome(self, place: str, *, always: bool) -> str:
        """Return the word of one cell."""
        cells = (self.segment, self.unsigned, self.playlist, self.key, self.action)
        return dict(zip(PLACES, cells, strict=True))[place][always]


def _row(
    fault: str, segment: str, *, rest: tuple[str, str, str, str, str, str], unsigned: str = ""
) -> Row:
    both = (REPAIRED, segment) if segment != NET or fault != "TLS failure" else (NET, NET)
    return Row(
        fault,
        segment=both,
        unsigned=(unsigned, unsigned) if unsigned else both,
        playlist=rest[:2],
        key=rest[2:4],
        action=rest[4:],
    )


TABLE = (
    _row(
        "bit flip",
        URL,
        unsigned=TOLD,
        rest=(FORMAT, FORMAT, OPENS_NOT, OPENS_NOT, NO_JSON, NO_JSON),
    ),
    _row("404", URL, rest=(REPAIRED, URL, REPAIRED, KEY, NO_JSON, NO_JSON)),
    _row("403, expired", URL, rest=(REPAIRED, URL, REPAIRED, KEY, NO_JSON, NO_JSON)),
    _row("500", NET, rest=(REPAIRED, NET, REPAIRED, KEY, NO_JSON, NO_JSON)),
    _row("503 with Retry-After", NET, rest=(REPAIRED, NET, REPAIRED, KEY, NO_JSON, NO_JSON)),
    _row("cut body", NET, rest=(REPAIRED, NET, REPAIRED, KEY, FAILED, FAILED)),
    _row("too long body", URL, rest=(FORMAT, FORMAT, KEY, KEY, NO_JSON, NO_JSON)),
    _row("wrong length", URL, rest=(FORMAT, FORMAT, KEY, KEY, NO_JSON, NO_JSON)),
    _row("empty body", URL, rest=(FORMAT, FORMAT, KEY, KEY, NO_ANSWER, NO_ANSWER)),
    _row("stall", NET, rest=(REPAIRED, NET, REPAIRED, KEY, FAILED, FAILED)),
    _row("slow loris", NET, rest=(REPAIRED, NET, KEY, KEY, FAILED, FAILED)),
    _row("redirect loop", URL, rest=(REPAIRED, URL, REPAIRED, KEY, NO_JSON, NO_JSON)),
    _row("HTML instead", URL, rest=(FORMAT, FORMAT, KEY, KEY, NO_JSON, NO_JSON)),
    _row("reset", NET, rest=(REPAIRED, NET, REPAIRED, KEY, FAILED, FAILED)),
    _row("hang up", NET, rest=(REPAIRED, NET, REPAIRED, KEY, REPAIRED, NO_ANSWER)),
    _row("DNS failure", NET, rest=(REPAIRED, NET, REPAIRED, KEY, NO_JSON, NO_JSON)),
    _row("TLS failure", NET, rest=(NET, NET, KEY, KEY, NO_ANSWER, NO_ANSWER)),
)

DISK = (("ENOSPC", "NO_SPACE"), ("EIO", "WRITE_ERROR"))
"""What a write, a commit or a rename that fails ends in."""
