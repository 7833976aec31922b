"""Find many byte strings at once, at a cost that does not grow with their number.

A needle of L bytes holds L - 7 windows of eight bytes. Whoever reads a text
every ``step`` bytes, ``step`` being at most L - 7, hits one of them wherever
the needle lies. So all windows of all needles go into one set, the text is
looked at as 64-bit words, and ``set.isdisjoint`` walks every ``step``-th word
in C. Only where that finds something are the needles themselves looked for:
a window that occurs by chance costs time and is never a false report.

A secret does not only leak as it is. ``encodings`` lists the forms in which a
log, a JSON document, a URL or a traceback would show it.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections import defaultdict
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes

from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SHORTEST_NEEDLE", "Needles", "encodings"]

SHORTEST_NEEDLE: Final = 12  # shorter ones are found by chance
_WORD: Final = 8
_SHORTEST_INDEXED: Final = 2 * _WORD - 1


class Needles:
    """A set of named byte strings, ready to be looked for."""

    def __init__(self, named: Mapping[str, bytes]) -> None:
        """Index ``named``.

        Raises:
            MisuseError: One of them is so short that it would be found by chance.
        """
        for name, needle in named.items():
            if len(needle) < SHORTEST_NEEDLE:
                raise MisuseError(f"{name!r} is shorter than {SHORTEST_NEEDLE} bytes")
        self._short = {n: v for n, v in named.items() if len(v) < _SHORTEST_INDEXED}
        indexed = {n: v for n, v in named.items() if n not in self._short}
        self.longest = max(map(len, named.values()), default=0)
        shortest = min(map(len, indexed.values()), default=_SHORTEST_INDEXED)
        self._step = (shortest - _WORD + 1) // _WORD
        self._windows: dict[int, set[tuple[str, bytes]]] = defaultdict(set)
        for name, needle in indexed.items():
            # One more window than the step is long would be found twice.
            for start in range(self._step * _WORD):
                word = int.from_bytes(needle[start : start + _WORD], sys.byteorder)
                self._windows[word].add((name, needle))
        self._words = set(self._windows)

    def find(self, text: bytearray | bytes, size: int) -> Iterator[tuple[str, int]]:
        """Yield name and first position of each needle in ``text[:size]``."""
        for name, needle in self._short.items():
            yield from _first(name, needle, text, size)
        if not self._words:
            return
        with memoryview(text) as whole, whole[: size - size % _WORD].cast("Q") as words:
            seen = words[:: self._step]
            if self._words.isdisjoint(seen):
                return
            met = self._words.intersection(seen)
        for name, needle in sorted({pair for word in met for pair in self._windows[word]}):
            yield from _first(name, needle, text, size)


def _first(
    name: str, needle: bytes, text: bytearray | bytes, size: int
) -> Iterator[tuple[str, int]]:
    position = text.find(needle, 0, size)
    if position >= 0:
        yield name, position


def encodings(secret: bytes) -> dict[str, bytes]:
    """Return every form in which ``secret`` could have been written, by name of the form.

    Base64 depends on where in a longer text the secret stands, so all three
    phases are listed, without the characters that its neighbours decide.
    """
    forms = {
        "raw": secret,
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "repr": repr(secret)[2:-1].encode(),
        "percent": quote_from_bytes(secret, safe="").encode(),
        "utf-16": secret.decode("latin-1").encode("utf-16-le"),
    }
    for phase in range(3):
        text = b64encode(bytes(phase) + secret)
        kept = text[-(-phase * 8 // 6) : (phase + len(secret)) * 8 // 6]
        forms[f"base64+{phase}"] = kept
        forms[f"base64url+{phase}"] = kept.translate(bytes.maketrans(b"+/", b"-_"))
        forms[f"base64 in a URL+{phase}"] = quote_from_bytes(kept, safe="").encode()
    unique: dict[bytes, str] = {}
    for name, form in forms.items():
        if len(form) >= SHORTEST_NEEDLE:
            unique.setdefault(form, name)
    return {name: form for form, name in unique.items()}
