"""How a license goes on and ends: renewed, given up, revoked (SPEC license §8.3, §10)."""

from __future__ import annotations

import os

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.license.time_token import MAX_WITHDRAWN
from vodseal.rpc.codes import client_error

from .test_apps import Device
from .test_apps import secure as secure  # noqa: PLC0414 - a fixture, used by name
from .test_licenses import DAY, receipt
from .test_licenses import house as house  # noqa: PLC0414 - as above


def test_a_renewal_begins_a_new_window(house):
    house.policy(license_seconds=DAY)
    device, download_id = Device(), os.urandom(16)
    first = house.get(device, download_id)
    house.service.clock.advance(3 * DAY)
    second = house.get(device, download_id)
    assert second.sequence == first.sequence + 1
    assert second.issued_at == first.issued_at + 3 * DAY
    assert second.expires_at == second.issued_at + DAY


def test_without_renewal_the_window_stays_and_ends(house):
    house.policy(license_seconds=DAY, license_renewable="no")
    device, download_id = Device(), os.urandom(16)
    first = house.get(device, download_id)
    house.service.clock.advance(DAY - 1)
    second = house.get(device, download_id)
    assert (second.issued_at, second.expires_at) == (first.issued_at, first.expires_at)
    assert second.sequence == first.sequence + 1
    house.service.clock.advance(1)
    assert house.code(device, download_id) == "Forbidden.LicenseEnded"
    assert client_error("Forbidden.LicenseEnded") == ErrorCode.LICENSE_ENDED
    house.policy(license_renewable="yes")
    assert house.get(device, download_id).sequence == second.sequence + 1


def test_a_released_license_does_not_get_a_second_window_by_release(house):
    house.policy(license_seconds=DAY, license_renewable="no", play_window_seconds=60)
    device, download_id = Device(), os.urandom(16)
    first = house.get(device, download_id)
    house.check_in(device, receipts=[receipt(device, first)])
    house.service.clock.advance(100)
    assert house.get(device, download_id).issued_at == first.issued_at


def test_a_check_in_withdraws_what_was_released_and_revoked(house):
    device, ids = Device(), [os.urandom(16) for _ in range(4)]
    terms = [house.get(device, one) for one in ids[:3]]
    house.service.ok("RevokeLicenses", DownloadId=ids[1].hex())
    told = house.check_in(device, held=ids, receipts=[receipt(device, terms[0])])
    assert set(told.withdrawn) == {ids[0], ids[1]}
    assert told.time == int(house.service.clock.now())
    states = {
        one["DownloadId"]: one["Status"]
        for one in house.service.ok("ListLicenses", VideoId=house.stream.video_id)["LicenseList"]
    }
    assert [states[one.hex()] for one in ids[:3]] == ["Released", "Revoked", "Active"]


def test_a_license_of_another_device_is_not_told_of(house):
    device, other, download_id = Device(), Device(), os.urandom(16)
    house.check_in(device, receipts=[receipt(device, house.get(device, download_id))])
    assert house.check_in(other, held=[download_id]).withdrawn == ()


@pytest.mark.parametrize("who", ["device", "app"])
def test_what_hangs_on_a_revoked_device_or_app_is_withdrawn(house, who):
    device, download_id = Device(), os.urandom(16)
    house.get(device, download_id)
    if who == "device":
        house.service.ok("RevokeDevice", DeviceId=device.keys.device_id.hex())
    else:
        house.service.ok("RevokeApp", Serial=house.serial)
    assert house.check_in(device, held=[download_id]).withdrawn == (download_id,)


@pytest.mark.parametrize("wrong", ["signer", "device", "earlier", "bytes", "unknown"])
def test_receipts_that_are_passed_over(house, wrong):
    device, other, download_id = Device(), Device(), os.urandom(16)
    terms = house.get(device, download_id)
    later = house.get(device, download_id)
    made = {
        "signer": receipt(other, later, device_id=device.keys.device_id),
        "device": receipt(device, later, device_id=other.keys.device_id),
        "earlier": receipt(device, terms),
        "bytes": b"no receipt",
        "unknown": receipt(device, later, license_id=os.urandom(16)),
    }[wrong]
    assert house.check_in(device, held=[download_id], receipts=[made]).withdrawn == ()
    good = receipt(device, later)
    assert house.check_in(device, held=[download_id], receipts=[made, good]).withdrawn == (
        download_id,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Nonce": None}, "MissingNonce"),
        ({"Nonce": "00"}, "InvalidParameter.Nonce"),
        ({"LicenseIds": "zz"}, "InvalidParameter.LicenseIds"),
        (
            {"LicenseIds": ",".join(["00" * 16] * (MAX_WITHDRAWN + 1))},
            "InvalidParameter.LicenseIds",
        ),
        ({"DeviceKemKey": "AA=="}, "InvalidParameter.DeviceKemKey"),
    ],
)
def test_check_ins_that_are_refused(house, changes, code):
    assert house.check_in(Device(), **changes) == code


def test_a_revoked_license_is_not_issued_again(house):
    device, download_id = Device(), os.urandom(16)
    house.get(device, download_id)
    house.service.ok("RevokeLicenses", VideoId=house.stream.video_id)
    assert house.code(device, download_id) == "Forbidden.LicenseRevoked"
    assert house.service.ok("RevokeLicenses", VideoId=house.stream.video_id)["Count"] == 0
    assert house.code(device, os.urandom(16)) == "ok"


def test_to_revoke_something_has_to_be_named(house):
    assert house.service.call("RevokeLicenses").code == "MissingDownloadId"


def test_the_list_can_be_narrowed(house):
    device, other = Device(), Device()
    ids = [os.urandom(16) for _ in range(2)]
    house.get(device, ids[0])
    house.service.clock.advance(1)
    house.get(other, ids[1])

    def listed(**filters):
        return [
            one["DownloadId"] for one in house.service.ok("ListLicenses", **filters)["LicenseList"]
        ]

    assert listed() == [ids[1].hex(), ids[0].hex()]
    assert listed(DeviceId=device.keys.device_id.hex()) == [ids[0].hex()]
    assert listed(DownloadId=ids[1].hex(), VideoId=house.stream.video_id) == [ids[1].hex()]
    assert listed(UserName="nobody") == []
