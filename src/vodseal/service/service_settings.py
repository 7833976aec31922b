"""What an operator may change while the service runs, stored in the database.

Every setting has one row here: its default and what it may be. A change takes
effect with the next request; a download that has started is not touched (B48).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from vodseal.errors import RpcError
from vodseal.service.database.models import Setting
from vodseal.service.templates import TEMPLATE_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.context import ServiceContext

__all__ = [
    "SETTINGS",
    "SettingRule",
    "change_setting",
    "check_setting",
    "read_settings",
    "settings_in",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRule:
    """What one setting may be."""

    default: str
    meaning: str
    choices: frozenset[str] = frozenset()
    least: int = 0
    most: int = 0

    def allows(self, value: str) -> bool:
        """Return whether ``value`` may be stored."""
        if self.choices:
            return value in self.choices
        return value.isascii() and value.isdigit() and self.least <= int(value) <= self.most


SETTINGS: Final[Mapping[str, SettingRule]] = MappingProxyType(
    {
        "download-mode": SettingRule(
            default="off",
            choices=frozenset({"off", "normal", "secure"}),
            meaning="whether videos may be downloaded, and whether they are sealed",
        ),
        "default-template-group": SettingRule(
            default="encrypted",
            choices=frozenset(TEMPLATE_GROUPS),
            meaning="the template group of videos that name none",
        ),
        "url-auth-seconds": SettingRule(
            default="7200",
            least=1,
            most=30 * 86_400,
            meaning="how long media URLs are valid when a request does not say",
        ),
        "hls-token-seconds": SettingRule(
            default="86400",
            least=1,
            most=30 * 86_400,
            meaning="how long key tokens are valid when a request does not say",
        ),
        "license-seconds": SettingRule(
            default="0",
            least=0,
            most=10 * 365 * 86_400,
            meaning="how long a license may be used after it was issued; 0 is without end",
        ),
        "revocation-list-seconds": SettingRule(
            default="86400",
            least=60,
            most=30 * 86_400,
            meaning="how old a revocation list may be when a client takes it in",
        ),
        "license-not-before": SettingRule(
            default="0",
            least=0,
            most=1 << 40,
            meaning="the first second, since 1970 UTC, at which a license may be used",
        ),
        "license-renewable": SettingRule(
            default="yes",
            choices=frozenset({"yes", "no"}),
            meaning="whether asking again for a license begins a new window",
        ),
        "play-window-seconds": SettingRule(
            default="0",
            least=0,
            most=10 * 365 * 86_400,
            meaning="how long a film may be played from its first play on; 0 is without end",
        ),
        "max-offline-seconds": SettingRule(
            default="0",
            least=0,
            most=10 * 365 * 86_400,
            meaning="how long a license holds without a word from the service; 0 is without end",
        ),
        "max-devices": SettingRule(
            default="0",
            least=0,
            most=10_000,
            meaning="on how many devices one user may hold licenses at once; 0 is without limit",
        ),
    }
)


async def read_settings(context: ServiceContext) -> dict[str, str]:
    """Return every setting by its name."""
    async with context.reads.begin() as session:
        return await settings_in(session)


async def settings_in(session: AsyncSession) -> dict[str, str]:
    """Return every setting by its name, inside a transaction that goes on."""
    rows = await session.execute(select(Setting.name, Setting.value))
    stored = {name: value for name, value in rows}  # noqa: C416 - rows are no pairs to dict()
    return {name: stored.get(name, rule.default) for name, rule in SETTINGS.items()}


async def change_setting(context: ServiceContext, name: str, value: str) -> None:
    """Store a setting.

    Raises:
        RpcError: ``InvalidParameter.Name``, ``InvalidParameter.Value``. Nothing changed.
    """
    rule = SETTINGS.get(name)
    if rule is None:
        known = ", ".join(sorted(SETTINGS))
        raise RpcError("InvalidParameter.Name", f"There is no such setting. Known: {known}.")
    check_setting(name, rule, value)
    row = Setting(name=name, value=value, modified_at=context.clock.now())
    async with context.sessions.begin() as session:
        await session.merge(row)


def check_setting(name: str, rule: SettingRule, value: str) -> None:
    """Return when ``rule`` allows ``value`` for the setting called ``name``.

    Raises:
        RpcError: ``InvalidParameter.Value``.
    """
    if not rule.allows(value):
        allowed = ", ".join(sorted(rule.choices)) or f"{rule.least} to {rule.most}"
        raise RpcError("InvalidParameter.Value", f"{name} may be: {allowed}.")
