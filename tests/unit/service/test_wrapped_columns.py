"""A rotation forgets no column."""

from __future__ import annotations

from vodseal.service.database.models import Base
from vodseal.service.wrapped_columns import WRAPPED_COLUMNS


def test_every_column_of_a_wrapped_key_is_listed():
    there = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_blob")
    }
    listed = {(wrapped.model.__tablename__, wrapped.name) for wrapped in WRAPPED_COLUMNS}
    assert listed == there
    assert len(listed) >= 6
