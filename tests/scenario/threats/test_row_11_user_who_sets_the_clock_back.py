"""Row 11: the user of a device sets its clock back, so that a license does not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import UsersClock, frames, load_with, refusal

from vodseal import OfflineLicense
from vodseal.errors import ClockRollbackError, ContactNeededError, LicenseExpiredError
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def clock(bare_phone: Phone, app: App, house: House) -> UsersClock:
    made = UsersClock(house)
    load_with(bare_phone, app, made)
    return made


@pytest.fixture
def lend(bare_phone: Phone, house: House, video: Video) -> Iterator[Callable[..., Path]]:
    """Return who downloads a film under terms, by the name of each."""
    vid = video("short")
    names = []

    def lend(**terms: int) -> Path:
        for name, value in terms.items():
            names.append(name.replace("_", "-"))
            house.ask("SetLicensePolicy", VideoId=vid, Name=names[-1], Value=value)
        path, _ = bare_phone.download(house.sts(vid))
        return path

    yield lend
    for name in names:
        house.ask("SetLicensePolicy", VideoId=vid, Name=name, Value="")


def test_a_license_that_has_ended_does_not_come_back(
    clock: UsersClock, house: House, lend: Callable[..., Path]
) -> None:
    path = lend(license_seconds=DAY)
    assert frames(path, clock) > 0
    house.clock.advance(DAY)
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)
    assert OfflineLicense.get_remaining(path).license_seconds == 0
    clock.off = -DAY
    assert isinstance(refusal(path, clock).__cause__, ClockRollbackError)
    clock.off = -299.0
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)


def test_not_after_a_restart_of_the_machine_either(
    clock: UsersClock, house: House, lend: Callable[..., Path]
) -> None:
    path = lend(license_seconds=DAY)
    house.clock.advance(DAY)
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)
    clock.reboot()
    clock.off = -HOUR
    assert isinstance(refusal(path, clock).__cause__, ClockRollbackError)


def test_a_machine_that_runs_counts_time_by_itself(
    clock: UsersClock, house: House, lend: Callable[..., Path]
) -> None:
    path = lend(license_seconds=DAY)
    assert frames(path, clock) > 0
    house.clock.advance(DAY)
    clock.off = -250.0
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)


def test_over_a_restart_time_can_be_held_and_not_turned_back(
    clock: UsersClock, house: House, lend: Callable[..., Path]
) -> None:
    """The bound that SECURITY.md tells: where the machine was off, nobody counted."""
    path = lend(license_seconds=DAY, max_offline_seconds=2 * DAY)
    assert frames(path, clock) > 0
    clock.reboot()
    house.clock.advance(DAY + HOUR)
    clock.off = -float(DAY + HOUR)
    left = OfflineLicense.get_remaining(path).license_seconds
    assert left is not None
    assert left <= DAY


def test_the_service_s_word_ends_that(
    clock: UsersClock, house: House, video: Video, lend: Callable[..., Path]
) -> None:
    path = lend(license_seconds=DAY)
    assert frames(path, clock) > 0
    clock.reboot()
    house.clock.advance(DAY + HOUR)
    clock.off = -float(DAY + HOUR)
    OfflineLicense.check_in(house.sts(video("short")))
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)


def test_an_honest_user_with_a_wrong_clock_is_not_locked_out(
    clock: UsersClock, house: House, video: Video, lend: Callable[..., Path]
) -> None:
    path = lend(license_seconds=30 * DAY, max_offline_seconds=DAY)
    clock.off = -float(3 * DAY)
    with pytest.raises(ClockRollbackError):
        OfflineLicense.get_remaining(path)
    OfflineLicense.check_in(house.sts(video("short")))
    assert frames(path, clock) > 0
    house.clock.advance(DAY)
    assert isinstance(refusal(path, clock).__cause__, ContactNeededError)
    OfflineLicense.check_in(house.sts(video("short")))
    assert frames(path, clock) > 0


def test_a_user_whose_clock_runs_days_ahead_is_served_all_the_same(
    clock: UsersClock, house: House, video: Video, lend: Callable[..., Path]
) -> None:
    """Requests and the revocation list go by the service's clock; the license by the later one."""
    clock.off = float(3 * DAY)
    path = lend(license_seconds=30 * DAY, max_offline_seconds=DAY)
    OfflineLicense.check_in(house.sts(video("short")))
    revoked = key_service.current().licenses().revocations.current()
    assert revoked is not None
    assert revoked.expires_at < clock.now()
    assert isinstance(refusal(path, clock).__cause__, ContactNeededError)
    clock.off = 0.0
    assert frames(path, clock) > 0
    house.clock.advance(DAY)
    assert isinstance(refusal(path, clock).__cause__, ContactNeededError)


def test_a_license_is_renewed_under_a_wrong_clock(
    clock: UsersClock, house: House, video: Video, lend: Callable[..., Path]
) -> None:
    path = lend(license_seconds=DAY)
    house.clock.advance(2 * DAY)
    clock.off = -float(2 * DAY)
    left = OfflineLicense.renew(path, house.sts(video("short"))).license_seconds
    assert left is not None
    assert DAY - 60 < left <= DAY
    assert frames(path, clock) > 0
