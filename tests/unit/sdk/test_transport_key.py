"""The key of a privately encrypted stream comes out of a license, and is kept in none but that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.sdk.stand_in import VID, Refusal, StandIn
from tests.unit.sdk.test_content_key import (
    CONTENT_KEY,
    DOWNLOAD_ID,
    IDENTITY,
    NOW,
    WISH,
    LicenseServer,
    no_random,
)

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, LicenseBindingError, RequestError
from vodseal.sdk.content_key import KeyWish, secure_content_key
from vodseal.sdk.transport import RpcClient
from vodseal.sdk.transport_key import private_transport_key
from vodseal.vault.key_service import KeyService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRANSPORT_KEY = b"stream-key-of-16"


@pytest.fixture
def server(stand_in: StandIn) -> LicenseServer:
    made = LicenseServer()
    stand_in.actions["AcquireDownloadLicense"] = made
    return made


@pytest.fixture
def keys(server: LicenseServer, tmp_path: Path) -> KeyService:
    return KeyService(server.security_file(), IDENTITY, home=tmp_path)


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[RpcClient]:
    with RpcClient.for_source(stand_in.sts()) as client:
        yield client


@pytest.mark.behaviour("B15")
def test_normal_mode_takes_the_key_and_keeps_nothing(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    server.transport_key = TRANSPORT_KEY
    for count in (1, 2):
        assert private_transport_key(client, keys, WISH, secure=False) == TRANSPORT_KEY
        assert len(server.asked) == count
    assert keys.vault().load_license(DOWNLOAD_ID) is None


def test_secure_mode_finds_it_in_the_downloads_license(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    server.transport_key = TRANSPORT_KEY
    assert secure_content_key(client, keys, WISH, no_random) == CONTENT_KEY
    for _ in range(2):
        assert private_transport_key(client, keys, WISH, secure=True) == TRANSPORT_KEY
    assert len(server.asked) == 1


def test_a_license_that_lacks_it_is_replaced(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    assert secure_content_key(client, keys, WISH, no_random) == CONTENT_KEY
    server.transport_key = TRANSPORT_KEY
    for _ in range(2):
        assert private_transport_key(client, keys, WISH, secure=True) == TRANSPORT_KEY
    assert len(server.asked) == 2
    assert secure_content_key(client, keys, WISH, no_random) == CONTENT_KEY


@pytest.mark.parametrize("secure", [True, False], ids=["secure", "normal"])
def test_a_service_that_has_no_key_is_told_of(
    client: RpcClient, keys: KeyService, server: LicenseServer, stand_in: StandIn, *, secure: bool
) -> None:
    with pytest.raises(DownloadError) as caught:
        private_transport_key(client, keys, WISH, secure=secure)
    assert caught.value.code is ErrorCode.GET_AES_KEY_FAIL
    assert len(server.asked) == 1
    stand_in.actions["AcquireDownloadLicense"] = Refusal(code="InvalidAction.NotFound", status=404)
    with pytest.raises(DownloadError) as caught:
        private_transport_key(client, keys, WISH, secure=secure)
    assert caught.value.code is ErrorCode.GET_AES_KEY_FAIL
    assert keys.vault().load_license(DOWNLOAD_ID) is None


def test_a_refusal_stays_what_it_is(client: RpcClient, keys: KeyService, stand_in: StandIn) -> None:
    stand_in.actions["AcquireDownloadLicense"] = Refusal(code="Forbidden.AppRevoked", status=403)
    with pytest.raises(RequestError) as caught:
        private_transport_key(client, keys, WISH, secure=False)
    assert caught.value.server_code == "Forbidden.AppRevoked"


def test_the_key_of_another_stream_is_not_taken(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    server.transport_key = TRANSPORT_KEY
    server.changes = {"track": "job-1"}
    for secure in (True, False):
        with pytest.raises(LicenseBindingError):
            private_transport_key(client, keys, WISH, secure=secure)
    assert keys.vault().load_license(DOWNLOAD_ID) is None


def test_a_stored_license_of_another_stream_is_not_used(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    server.transport_key = TRANSPORT_KEY
    private_transport_key(client, keys, WISH, secure=True)
    other = KeyWish(vid=VID, job_id="job-1", index=3, download_id=DOWNLOAD_ID, now=NOW)
    assert private_transport_key(client, keys, other, secure=True) == TRANSPORT_KEY
    assert [asked["JobId"] for asked in server.asked] == ["job-0", "job-1"]
