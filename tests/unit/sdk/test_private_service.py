"""The security file is taken in silence; check() speaks."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal import AppIdentity, PrivateService
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.opening import Argon2Opening
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import AppIdentityError, SecurityFileError
from vodseal.vault import key_service
from vodseal.vault.app_folder import check_app_folder, make_manifest_key, sign_app_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_STRING = "Abcdefgh12345678"


@pytest.fixture(autouse=True)
def fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path / "home"))
    key_service.uninstall()
    yield
    key_service.uninstall()


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.py").write_text("print()")
    sign_app_folder(folder, "com.example.player", make_manifest_key(tmp_path / "developer.key"))
    return folder


@pytest.fixture
def security_file(app: Path, tmp_path: Path) -> Path:
    service_key = Ed25519PrivateKey.generate()
    public = (service_key.public_key().public_bytes_raw(),)
    path = tmp_path / "encryptedApp.dat"
    path.write_bytes(
        issue_security_file(
            identity=check_app_folder(app),
            app_private_key=X25519PrivateKey.generate(),
            opening=Argon2Opening(salt=os.urandom(16), memory_kib=19 * 1024, passes=1),
            private_string=PRIVATE_STRING,
            serial=os.urandom(16),
            trust=VerificationKeys({EnvelopeType.SECURITY_FILE: public}),
            signing_key=service_key,
        )
    )
    return path


@pytest.mark.behaviour("B20")
@pytest.mark.parametrize("form", ["text", "path", "bytes"])
def test_it_is_taken_in_every_form_and_returns_nothing(
    security_file: Path, app: Path, form: str
) -> None:
    given = {"text": str(security_file), "path": security_file, "bytes": security_file.read_bytes()}
    folder = str(app) if form == "text" else app
    assert PrivateService.init_service(given[form], app=folder, app_key=PRIVATE_STRING) is None
    assert PrivateService.check() is None


@pytest.mark.behaviour("B20")
def test_what_is_wrong_is_silent_until_it_is_asked_for(security_file: Path, app: Path) -> None:
    with pytest.raises(SecurityFileError):
        PrivateService.check()
    PrivateService.init_service("missing.dat", app=app, app_key=PRIVATE_STRING)
    with pytest.raises(SecurityFileError):
        PrivateService.check()
    PrivateService.init_service(security_file, app=app)
    with pytest.raises(SecurityFileError):
        PrivateService.check()
    PrivateService.init_service(
        security_file, app=AppIdentity.ios_bundle("com.example.other"), app_key=PRIVATE_STRING
    )
    with pytest.raises(SecurityFileError):
        PrivateService.check()


def test_an_app_that_was_altered_is_told_by_name(security_file: Path, app: Path) -> None:
    (app / "main.py").write_text("print('altered')")
    PrivateService.init_service(security_file, app=app, app_key=PRIVATE_STRING)
    with pytest.raises(AppIdentityError) as caught:
        PrivateService.check()
    assert "main.py" in caught.value.message


def test_the_private_string_is_in_no_repr(security_file: Path, app: Path) -> None:
    PrivateService.init_service(security_file, app=app, app_key=PRIVATE_STRING)
    PrivateService.check()
    service = key_service.current()
    shown = f"{service!r} {service.unlock()!r} {service.vault()!r} {service.vault().device!r}"
    secret = service.unlock().app_key.private_bytes_raw()
    for form in (PRIVATE_STRING, secret.hex(), base64.b64encode(secret).decode(), repr(secret)):
        assert form not in shown
