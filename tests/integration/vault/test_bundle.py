"""A real one-folder bundle of PyInstaller is signed like any app, and checks itself."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.tools import require_module, require_tool

from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.opening import FileAloneOpening
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.vault.app_folder import make_manifest_key, sign_app_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.credential.fingerprint import AppIdentity

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROGRAM = """\
import os
from vodseal import PrivateService, VodsealError

PrivateService.init_service(os.environ["SECURITY_FILE"])
try:
    PrivateService.check()
    print("opened")
except VodsealError as error:
    print(f"refused: {error.message} | {error.remedy}")
"""
NOT_NEEDED = ("av", "numpy", "PIL", "blake3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    folder: Path
    security_file: Path

    def run(self) -> str:
        done = subprocess.run(
            [self.folder / "cinema"],
            cwd=self.folder.parent,
            env={"SECURITY_FILE": str(self.security_file), "PATH": os.environ["PATH"],
                 "VODSEAL_HOME": str(self.folder.parent / "home")},
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.strip()


def security_file(identity: AppIdentity) -> bytes:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    return issue_security_file(
        identity=identity,
        app_private_key=X25519PrivateKey.generate(),
        opening=FileAloneOpening(salt=bytes(16), secret=os.urandom(32)),
        private_string=None,
        serial=bytes(16),
        trust=VerificationKeys({EnvelopeType.SECURITY_FILE: (public,)}),
        signing_key=key,
        requirements=AppRequirements(least_level=IdentityLevel.MANIFEST),
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    require_module("PyInstaller")
    if sys.platform == "linux":
        require_tool("objdump")  # PyInstaller needs it there
    place = tmp_path_factory.mktemp("bundle")
    (place / "cinema.py").write_text(PROGRAM)
    left_out = [word for name in NOT_NEEDED for word in ("--exclude-module", name)]
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--onedir", "--noconfirm", "--log-level", "ERROR",
         *left_out, "cinema.py"],
        cwd=place,
        check=True,
        capture_output=True,
    )  # fmt: skip
    folder = place / "dist" / "cinema"
    manifest = sign_app_folder(folder, "org.example.cinema", make_manifest_key(place / "key.pem"))
    assert "cinema" in manifest.files
    assert manifest.links, "bundles of PyInstaller hold links, and this test shows that they may"
    file = place / "encryptedApp.dat"
    file.write_bytes(security_file(manifest.identity))
    return Bundle(folder=folder, security_file=file)


def test_a_signed_bundle_opens_its_security_file_each_time(bundle: Bundle) -> None:
    assert bundle.run() == "opened"
    assert bundle.run() == "opened"


def append(path: Path) -> Callable[[], object]:
    before = path.read_bytes()
    path.write_bytes(before + b"\0")
    return lambda: path.write_bytes(before)


def add(path: Path) -> Callable[[], object]:
    path.write_bytes(b"")
    return path.unlink


@pytest.mark.parametrize(
    ("change", "path", "word"),
    [
        (append, "_internal/base_library.zip", "altered"),
        (append, "cinema", "altered"),
        (add, "_internal/extra.so", "added"),
        (add, "beside.py", "added"),
    ],
)
def test_a_changed_bundle_is_refused(
    bundle: Bundle, change: Callable[[Path], Callable[[], object]], path: str, word: str
) -> None:
    undo = change(bundle.folder / path)
    try:
        said = bundle.run()
    finally:
        undo()
    assert said.startswith("refused")
    assert word in said
    assert path in said
    assert bundle.run() == "opened"


def test_a_bundle_under_another_name_of_the_folder_is_the_same_app(bundle: Bundle) -> None:
    moved = bundle.folder.rename(bundle.folder.parent / "elsewhere")
    try:
        assert Bundle(folder=moved, security_file=bundle.security_file).run() == "opened"
    finally:
        moved.rename(bundle.folder)
