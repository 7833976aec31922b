"""An update of an app moves what was downloaded to its new security file."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal import AppIdentity, PrivateService
from vodseal.container.meta import Meta
from vodseal.container.writer import SealedWriter
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.opening import Argon2Opening
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import (
    AppIdentityError,
    LicenseMissingError,
    NotSealedError,
    SecurityFileError,
    VodsealError,
)
from vodseal.license.issue import issue_license
from vodseal.license.model import LicenseTerms
from vodseal.player.session import open_sealed
from vodseal.vault import key_service
from vodseal.vault.app_folder import make_manifest_key, sign_app_folder
from vodseal.vault.sealed_files import FileSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD, NEW = "OldPrivateString1", "NewPrivateString2"
FILM = os.urandom(100_000)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
TRUST = VerificationKeys({EnvelopeType.SECURITY_FILE: (PUBLIC,), EnvelopeType.LICENSE: (PUBLIC,)})


class Update:
    """An app's folder, two security files of it, and films that the first one downloaded."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.app = place / "app"
        self.app.mkdir()
        (self.app / "main.py").write_text("print('film')\n")
        key = make_manifest_key(place / "key.pem")
        self.identity = sign_app_folder(self.app, "org.example.cinema", key).identity
        self.app_key = X25519PrivateKey.generate()
        self.old = place / "old.dat"
        self.new = place / "new.dat"
        self.old.write_bytes(self.issue(self.app_key, OLD, b"1" * 16, self.identity))
        self.new.write_bytes(self.issue(X25519PrivateKey.generate(), NEW, b"2" * 16, self.identity))
        self.use_old()
        self.films = [self.film(f"film{number}.vseal") for number in range(3)]

    @staticmethod
    def issue(key: X25519PrivateKey, string: str, serial: bytes, identity: AppIdentity) -> bytes:
        return issue_security_file(
            identity=identity,
            app_private_key=key,
            opening=Argon2Opening(salt=bytes(16), memory_kib=19 * 1024, passes=1),
            private_string=string,
            serial=serial,
            trust=TRUST,
            signing_key=KEY,
            requirements=AppRequirements(least_level=IdentityLevel.MANIFEST),
        )

    def use_old(self) -> None:
        PrivateService.init_service(self.old, app=self.app, app_key=OLD)

    def use_new(self) -> None:
        PrivateService.init_service(self.new, app=self.app, app_key=NEW)

    def film(self, name: str) -> Path:
        path, content_key, download_id = self.place / name, os.urandom(32), os.urandom(16)
        with FileSink(self.place / f"{name}.part") as sink:
            writer = SealedWriter(
                sink, content_key, file_id=os.urandom(16), download_id=download_id
            )
            writer.write(FILM)
            writer.finish(Meta(content_type="video/mp4"))
            sink.publish(path)
        vault = key_service.current().vault()
        terms = LicenseTerms(
            license_id=download_id,
            serial=b"1" * 16,
            fingerprint=self.identity.fingerprint,
            device_id=vault.device.device_id,
            vid="v",
            track="t",
            issued_at=1,
        )
        envelope = issue_license(
            terms,
            content_key,
            app_public_key=self.app_key.public_key(),
            device_public_key=vault.device.kem.public_key(),
            signing_key=KEY,
        )
        vault.save_license(download_id, envelope)
        return path

    def plays(self) -> list[bool]:
        return [self._plays(path) for path in self.films]

    @staticmethod
    def _plays(path: Path) -> bool:
        try:
            with open_sealed(path) as session, session.open_reader() as reader:
                return reader.read(len(FILM) + 1) == FILM
        except VodsealError:
            return False


@pytest.fixture
def update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Update]:
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path / "home"))
    yield Update(tmp_path)
    key_service.uninstall()


def rekey(update: Update, *files: Path, **more: object) -> object:
    named: dict[str, object] = {"old_app_key": OLD, "new_app_key": NEW, "app": update.app}
    return PrivateService.rekey(update.old, update.new, files or None, **(named | more))  # type: ignore[arg-type]  # keywords from a table


@pytest.mark.behaviour("B50")
def test_afterwards_only_the_new_file_plays_them_and_no_film_changed(update: Update) -> None:
    assert update.plays() == [True] * 3
    before = [(path.stat(), hashlib.sha256(path.read_bytes())) for path in update.films]
    told: list[int] = []
    done = rekey(update, on_progress=told.append)
    assert (done.moved, done.present, done.left) == (3, 0, ())
    assert told == [33, 66, 100]
    assert update.plays() == [False] * 3
    update.use_new()
    assert update.plays() == [True] * 3
    for path, (state, digest) in zip(update.films, before, strict=True):
        assert path.stat().st_mtime_ns == state.st_mtime_ns
        assert path.stat().st_ino == state.st_ino
        assert hashlib.sha256(path.read_bytes()).digest() == digest.digest()


@pytest.mark.behaviour("B50")
def test_the_named_files_are_moved(update: Update) -> None:
    moved = update.films[1].rename(update.place / "renamed.vseal")
    update.films[1] = moved
    assert rekey(update, moved).moved == 1
    assert update.plays() == [True, False, True]
    update.use_new()
    assert update.plays() == [False, True, False]


def test_a_file_of_another_device_is_named(update: Update) -> None:
    key_service.current().vault().delete_license(_id(update.films[0]))
    done = rekey(update, *update.films)
    assert done.moved == 2
    [left] = done.left
    assert left.path == str(update.films[0])
    assert isinstance(left.error, LicenseMissingError)


def _id(path: Path) -> bytes:
    return path.read_bytes()[32:48]


def test_what_is_no_sealed_file_moves_nothing(update: Update) -> None:
    (update.place / "notes.txt").write_text("notes")
    with pytest.raises(NotSealedError):
        rekey(update, update.films[0], update.place / "notes.txt")
    assert update.plays() == [True] * 3


@pytest.mark.parametrize("wrong", ["old_app_key", "new_app_key"])
def test_a_wrong_string_moves_nothing(update: Update, wrong: str) -> None:
    with pytest.raises(SecurityFileError):
        rekey(update, **{wrong: "WrongPrivate12345"})
    assert update.plays() == [True] * 3


def test_an_altered_app_moves_nothing(update: Update) -> None:
    (update.app / "main.py").write_text("print('theft')\n")
    with pytest.raises(AppIdentityError):
        rekey(update)
    (update.app / "main.py").write_text("print('film')\n")
    assert update.plays() == [True] * 3


def test_a_new_bundle_id_takes_over_what_the_old_one_downloaded(update: Update) -> None:
    """The update is signed as another app; the old security file names the app it was."""
    renamed = update.place / "renamed"
    renamed.mkdir()
    (renamed / "main.py").write_text("print('film')\n")
    key = make_manifest_key(update.place / "other.pem")
    identity = sign_app_folder(renamed, "org.example.kino", key).identity
    update.new.write_bytes(update.issue(X25519PrivateKey.generate(), NEW, b"3" * 16, identity))
    assert rekey(update, app=renamed).moved == 3
    assert update.plays() == [False] * 3
    PrivateService.init_service(update.new, app=renamed, app_key=NEW)
    assert update.plays() == [True] * 3
