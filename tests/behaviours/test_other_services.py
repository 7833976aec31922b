"""A service without our actions, as the vendor's cloud is: secure by its own means, or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.unit.sdk.stand_in import StandIn, play_info

from vodseal import ErrorCode
from vodseal.errors import PlayError
from vodseal.license.model import Issuer
from vodseal.license.open import verify_license
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.testing.http_server import Answer, Received
from vodseal.testing.leakscan import LeakScanner
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.behaviours.house import App
    from tests.behaviours.phone import Phone


def ranges_of(data: bytes) -> Callable[[Received], Answer]:
    """Return who serves ``data``, whole or by range."""

    def respond(request: Received) -> Answer:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if found is None:
            return Answer(body=data, headers={"ETag": '"1"', "Accept-Ranges": "bytes"})
        start, end = int(found[1]), min(int(found[2] or len(data)), len(data) - 1)
        head = {"Content-Range": f"bytes {start}-{end}/{len(data)}", "ETag": '"1"'}
        return Answer(status=206, headers=head, body=data[start : end + 1])

    return respond


@pytest.fixture
def cloud(film_path: Callable[[str], Path]) -> Iterator[StandIn]:
    film = film_path("short").read_bytes()
    made = StandIn()
    with made.server:
        made.offer("secure", play_info(made, Size=len(film)))
        del made.actions["GetDownloadPolicy"]
        made.files["/media/0.mp4"] = ranges_of(film)
        yield made


def test_the_device_issues_a_license_to_itself(phone: Phone, cloud: StandIn) -> None:
    path, ear = phone.download(cloud.sts())
    assert path.suffix == ".vseal"
    assert ear.names[-1] == "completed"
    assert LeakScanner().scan(phone.folder) == []
    with open_sealed(path) as session:
        assert decode_to_nowhere(session).frames == 100
    keys = key_service.current()
    envelope = keys.vault().load_license(path.read_bytes()[32:48])
    assert envelope is not None
    device_key = keys.vault().device.signing.public_key()
    opened = verify_license(envelope, trust=keys.unlock().trust, device_key=device_key)
    assert opened.issuer is Issuer.DEVICE
    assert opened.terms.track == "job-0"


def test_it_binds_as_the_services_does(
    phone: Phone, cloud: StandIn, new_app: Callable[[], App], app: App
) -> None:
    path, _ = phone.download(cloud.sts())
    phone.load(new_app())
    with pytest.raises(PlayError):
        open_sealed(path)
    key_service.install(app.security_file, app.identity, None, phone.folder / "another device")
    with pytest.raises(PlayError):
        open_sealed(path)


def test_without_a_security_file_it_is_refused_and_never_plain(
    bare_phone: Phone, cloud: StandIn
) -> None:
    info = bare_phone.refusal(cloud.sts())
    assert info.code is ErrorCode.DOWNLOAD_SWITCH_OFF
    assert "init_service" in info.remedy
    downloader, ear = bare_phone.ready(cloud.sts())
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.DOWNLOAD_SWITCH_OFF
    assert not bare_phone.save_dir.exists()


def test_a_device_that_lost_its_own_license_begins_anew(phone: Phone, cloud: StandIn) -> None:
    path, _ = phone.download(cloud.sts())
    before = path.read_bytes()
    for one in key_service.current().vault().folder.glob("vault.db*"):
        one.unlink()
    phone.download(cloud.sts())
    assert path.read_bytes()[32:48] != before[32:48]
    with open_sealed(path) as session:
        assert decode_to_nowhere(session).frames == 100
