"""Under which terms licenses are issued: the service's, an app's, a video's.

One object of six values. Each is looked for at the video, then at the app, then
among the service's settings; a license carries what was found when it was issued.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from vodseal.errors import RpcError
from vodseal.service.database.models import LicensePolicyRow
from vodseal.service.service_settings import SETTINGS, check_setting, settings_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = [
    "APP",
    "POLICY_NAMES",
    "VIDEO",
    "LicensePolicy",
    "effective_policy",
    "own_values",
    "store",
]

APP: Final = "app"
VIDEO: Final = "video"
POLICY_NAMES: Final = (
    "license-seconds",
    "license-not-before",
    "license-renewable",
    "play-window-seconds",
    "max-offline-seconds",
    "max-devices",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensePolicy:
    """The terms that hold for one app and one video."""

    values: Mapping[str, str]
    """By the names of ``POLICY_NAMES``."""

    devices_per_video: bool
    """Whether the cap was set for the video, and so counts its licenses alone."""

    @property
    def renewable(self) -> bool:
        """Return whether asking again begins a new window."""
        return self.values["license-renewable"] == "yes"

    def number(self, name: str) -> int:
        """Return a value that is a number."""
        return int(self.values[name])


async def effective_policy(
    session: AsyncSession, *, fingerprint: str = "", video_id: str = ""
) -> LicensePolicy:
    """Return the policy for an app and a video; either may be left out."""
    settings = await settings_in(session)
    values = {name: settings[name] for name in POLICY_NAMES}
    values |= await own_values(session, APP, fingerprint)
    own = await own_values(session, VIDEO, video_id)
    return LicensePolicy(values=values | own, devices_per_video="max-devices" in own)


async def own_values(session: AsyncSession, scope: str, subject: str) -> dict[str, str]:
    """Return what was set for this very app or video."""
    query = select(LicensePolicyRow.name, LicensePolicyRow.value).where(
        LicensePolicyRow.scope == scope, LicensePolicyRow.subject == subject
    )
    return {name: value for name, value in await session.execute(query)}  # noqa: C416 - rows


async def store(
    session: AsyncSession, scope: str, subject: str, *, name: str, value: str, now: float
) -> None:
    """Set one value, or take it back when it is empty.

    Raises:
        RpcError: ``InvalidParameter.Name``, ``InvalidParameter.Value``. Nothing changed.
    """
    if name not in POLICY_NAMES:
        raise RpcError("InvalidParameter.Name", f"Name may be: {', '.join(POLICY_NAMES)}.")
    if not value:
        await session.execute(
            delete(LicensePolicyRow).where(
                LicensePolicyRow.scope == scope,
                LicensePolicyRow.subject == subject,
                LicensePolicyRow.name == name,
            )
        )
        return
    check_setting(name, SETTINGS[name], value)
    row = LicensePolicyRow(scope=scope, subject=subject, name=name, value=value, modified_at=now)
    await session.merge(row)
