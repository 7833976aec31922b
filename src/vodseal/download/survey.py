"""What is left of a sealed file: every chunk is tried, and those that do not open are named.

Header and meta are the file's own, or the copy in its journal; either is authentic
under the content key, or is not taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.container.salvage import Salvage, open_header, open_meta
from vodseal.download.head import FileHead
from vodseal.errors import FormatError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.container.source import Source

__all__ = ["Survey", "survey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is left of a file."""

    salvage: Salvage
    bad: tuple[range, ...]
    """Bytes of the film that do not open, in order; whole chunks."""

    is_whole: bool
    """Whether there is nothing to mend at all."""

    @property
    def bad_size(self) -> int:
        """How many bytes of the film do not open."""
        return sum(len(one) for one in self.bad)


def survey(
    source: Source,
    content_key: bytes,
    copy: FileHead | None,
    on_share: Callable[[float], None],
) -> Survey:
    """Return what is left of a file; every chunk of it is tried.

    Args:
        source: The file.
        content_key: What its license holds.
        copy: Header and meta as the journal kept them.
        on_share: Hears from 0.0 to 1.0.

    Raises:
        MalformedError: Neither the file nor the copy has a header and a meta that
            are authentic.
        OSError: It could not be read at all.
    """
    own = _own_head(source)
    heads = [one for one in (own, copy) if one is not None]
    header = open_header((one.header for one in heads), content_key)
    if header is None:
        raise MalformedError("the header is damaged, and there is no copy of it")
    record = open_meta((one.meta for one in heads), content_key, header)
    if record is None:
        raise MalformedError("the meta is damaged, and there is no copy of it")
    salvage = Salvage(source, content_key, header, record)
    bad: list[range] = []
    opens = True
    for stretch in salvage.stretches():
        end = stretch.start + stretch.size
        on_share(end / max(1, salvage.size))
        if stretch.data is None:
            opens = False
            begin = bad.pop().start if bad and bad[-1].stop == stretch.start else stretch.start
            bad += [range(begin, end)] if end > begin else []
    is_whole = (
        opens
        and own is not None
        and open_header([own.header], content_key) == header
        and open_meta([own.meta], content_key, header) == record
        and salvage.is_in_shape()
    )
    return Survey(salvage=salvage, bad=tuple(bad), is_whole=is_whole)


def _own_head(source: Source) -> FileHead | None:
    try:
        return FileHead.of(source)
    except FormatError:
        return None
