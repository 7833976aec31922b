from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vodseal.errors import LicenseExpiredError
from vodseal.license.model import Issuer, License
from vodseal.license.policy import check

if TYPE_CHECKING:
    from .conftest import World


def held(world: World, **terms: object) -> License:
    return License(
        terms=world.terms(**terms),
        ck_digest=bytes(32),
        wrapped_key=bytes(128),
        issuer=Issuer.SERVICE,
    )


@pytest.mark.parametrize(
    ("not_before", "expires_at", "now", "seconds"),
    [
        (0, 0, 0, None),
        (0, 0, 1e12, None),
        (100, 0, 100, None),
        (100, 200, 100, 100),
        (100, 200, 199, 1),
        (100, 200, 199.75, 0.25),
        (0, 200, 0, 200),
    ],
)
def test_a_license_holds(
    world: World, not_before: int, expires_at: int, now: float, seconds: float | None
) -> None:
    remaining = check(held(world, not_before=not_before, expires_at=expires_at), now)
    assert remaining.license_seconds == seconds


@pytest.mark.parametrize(
    ("not_before", "expires_at", "now"),
    [
        (100, 0, 99),
        (100, 0, 99.99),
        (100, 200, 200),
        (100, 200, 200.01),
        (0, 200, 1e12),
        (300, 200, 250),
    ],
)
def test_a_license_does_not_hold(
    world: World, not_before: int, expires_at: int, now: float
) -> None:
    with pytest.raises(LicenseExpiredError):
        check(held(world, not_before=not_before, expires_at=expires_at), now)
