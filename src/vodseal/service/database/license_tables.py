"""The tables of licenses; what all tables promise is said in ``models``."""

from __future__ import annotations

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from vodseal.service.database.base import Base

__all__ = ["LicensePolicyRow", "LicenseRow"]


class LicenseRow(Base):
    """The content key of one download on one device, and how often it was issued."""

    __tablename__ = "licenses"

    download_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    device_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    video_id: Mapped[str] = mapped_column(String(32), index=True)
    job_id: Mapped[str] = mapped_column(String(32))
    track: Mapped[int]
    app_serial: Mapped[str] = mapped_column(String(32), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    """The app's, whatever its serial was."""
    user_name: Mapped[str] = mapped_column(String(64), default="")
    """Whose credential it was asked with: the name of a session, or a key's id."""
    status: Mapped[str] = mapped_column(String(16), default="Active")
    """``Active``, ``Released`` by its device, or ``Revoked`` by the operator."""
    sequence: Mapped[int]
    key_blob: Mapped[bytes]
    issued_at: Mapped[float]
    """When its present window began."""
    expires_at: Mapped[float] = mapped_column(default=0.0)
    """When that ends; 0 for never."""

    __table_args__ = (
        Index("ix_licenses_video_job", "video_id", "job_id"),
        Index("ix_licenses_user_app", "user_name", "fingerprint"),
        Index("ix_licenses_device_id", "device_id"),
    )


class LicensePolicyRow(Base):
    """One value of the license policy of one app or one video; the others are inherited."""

    __tablename__ = "license_policies"

    scope: Mapped[str] = mapped_column(String(8), primary_key=True)
    """``app``, by its fingerprint, or ``video``, by its id."""
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    modified_at: Mapped[float]
