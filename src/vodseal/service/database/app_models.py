"""The tables of apps and of what is revoked. ``models`` says what holds for all."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, false, true
from sqlalchemy.orm import Mapped, mapped_column

from vodseal.service.database.base import Base

__all__ = ["App", "Revocation"]


class App(Base):
    """An app whose security file was issued; its private key is in that file alone."""

    __tablename__ = "apps"

    serial: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    """python, android-sha1, ios-bundle or windows-serial."""
    identifier: Mapped[str] = mapped_column(Text)
    manifest_key: Mapped[bytes | None]
    """Of kind python: the Ed25519 key of its manifest."""
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    public_key: Mapped[bytes]
    """X25519: licenses are sealed to it."""
    opening: Mapped[str] = mapped_column(String(16))
    """``file-alone`` or ``private-string``."""
    status: Mapped[str] = mapped_column(String(8), default="Active")
    """``Active`` or ``Revoked``."""
    ends_at: Mapped[float | None]
    """When its time of grace ends, once another security file took its place."""
    replaces: Mapped[str | None] = mapped_column(String(32))
    """The serial of the security file whose place it took."""
    least_level: Mapped[int] = mapped_column(default=0, server_default="0")
    """A value of ``IdentityLevel``."""
    file_key_store: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether a device may keep its seed in a file."""
    needs_certificate: Mapped[bool] = mapped_column(default=True, server_default=false())
    """Whether licenses go to enrolled devices alone. Older registrations do not ask for it."""
    created_at: Mapped[float]


class Revocation(Base):
    """One act of revoking. Rows are never changed or deleted."""

    __tablename__ = "revocations"

    number: Mapped[int] = mapped_column(primary_key=True)
    """That of the list that holds it first."""
    subject: Mapped[str] = mapped_column(String(8))
    """``app``, ``device`` or ``license``: a label of ``credential.revocation.Subject``."""
    name: Mapped[str] = mapped_column(String(32))
    """A serial, a device's id or a license's id."""
    since: Mapped[float]
    created_at: Mapped[float]

    __table_args__ = (Index("ix_revocations_subject_name", "subject", "name"),)
