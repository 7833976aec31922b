"""Every column that holds a wrapped key, and the context each row's key is bound to.

A test compares the list with the tables: a rotation must forget none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vodseal.service.database.models import (
    AccessKey,
    LicenseRow,
    ServiceKey,
    Stream,
    Upload,
    Video,
)
from vodseal.service.kms import contexts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import InstrumentedAttribute

    from vodseal.service.database.base import Base
    from vodseal.service.kms.protocol import KeyContext

__all__ = ["WRAPPED_COLUMNS", "WrappedColumn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedColumn:
    """One column of wrapped keys."""

    model: type[Base]
    name: str
    context_of: Callable[[Any], KeyContext]
    """From a row of ``model`` to the context of its key."""

    @property
    def column(self) -> InstrumentedAttribute[bytes | None]:
        """Return the column."""
        column: InstrumentedAttribute[bytes | None] = getattr(self.model, self.name)
        return column


WRAPPED_COLUMNS: Final = (
    WrappedColumn(
        model=ServiceKey, name="key_blob", context_of=lambda row: contexts.service_key(row.name)
    ),
    WrappedColumn(
        model=AccessKey, name="secret_blob", context_of=lambda row: contexts.access_key(row.id)
    ),
    WrappedColumn(
        model=Video, name="source_key_blob", context_of=lambda row: contexts.original(row.id)
    ),
    WrappedColumn(model=Upload, name="key_blob", context_of=lambda row: contexts.upload(row.id)),
    WrappedColumn(
        model=Stream,
        name="key_blob",
        context_of=lambda row: contexts.stream(row.video_id, row.id, row.encrypt_type),
    ),
    WrappedColumn(
        model=LicenseRow,
        name="key_blob",
        context_of=lambda row: contexts.license_key(row.download_id, row.device_id),
    ),
)
