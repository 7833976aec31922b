"""The tables of enrolled devices and of used nonces. ``models`` says what holds for all."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from vodseal.service.database.base import Base

__all__ = ["Device", "Nonce"]


class Device(Base):
    """A device that enrolled with one security file (SPEC credential §10)."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    app_serial: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    kem_key: Mapped[bytes]
    signing_key: Mapped[bytes]
    identity_level: Mapped[int]
    """A value of ``IdentityLevel``, as the device said."""
    key_store_level: Mapped[int]
    """A value of ``KeyStoreLevel``, as the device said."""
    enrolled_at: Mapped[float]
    """The last time: a device that lost its certificate enrols again."""


class Nonce(Base):
    """A nonce that was used, until nothing with it could be accepted anyway."""

    __tablename__ = "nonces"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Whose it is: ``device:`` and an id, or ``enrolment``."""
    value: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hexadecimal."""
    ends_at: Mapped[float] = mapped_column(index=True)
