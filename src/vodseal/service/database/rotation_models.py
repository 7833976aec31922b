"""The table of rotations of the master key. ``models`` says what holds for all."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from vodseal.service.database.base import Base

__all__ = ["KeyRotation"]


class KeyRotation(Base):
    """One rotation: a new version, and every stored key wrapped under it (SPEC keys §1.7)."""

    __tablename__ = "key_rotations"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    """``rotating``, ``rewrapping`` or ``done``."""
    from_head: Mapped[bytes]
    """The blob head of the version before; a start goes on from it."""
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    """Keys that do not open; they were damaged before."""
    error: Mapped[str] = mapped_column(Text, default="")
    """What keeps it from going on at this moment."""
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
