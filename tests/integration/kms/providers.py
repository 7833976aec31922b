"""Every key provider, each over a store of its own that tests can open again.

AWS KMS is moto's server on the loopback: a mock, which shows that we speak the
API and no more than that. The token of PKCS#11 is SoftHSM2.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vodseal.service.kms.aws_provider import AwsKeyService
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import create_master_key, load_master_key
from vodseal.service.kms.pkcs11_provider import Pkcs11KeyService
from vodseal.service.kms.provider_setting import Pkcs11Setting

if TYPE_CHECKING:
    from vodseal.service.kms.protocol import KeyProvider

PIN = "482915"
MODULE = "libsofthsm2.so"


class Loop:
    """An event loop in a thread: providers live longer than one ``asyncio.run``."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def close(self) -> None:
        self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Store(Protocol):
    """Where a provider's master key is."""

    keeps_old_versions: bool

    async def open(self) -> KeyProvider:
        """Return a provider over it, as a new start of the service would."""


class LocalStore:
    keeps_old_versions = False

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{os.urandom(8).hex()}.key"
        create_master_key(self.path, os.urandom)

    async def open(self) -> KeyProvider:
        return LocalKeyService(self.path, load_master_key(self.path), os.urandom)


class TokenStore:
    keeps_old_versions = False

    def __init__(self, setting: Pkcs11Setting) -> None:
        self.setting = setting
        self.label = os.urandom(8).hex()

    async def open(self) -> KeyProvider:
        return await Pkcs11KeyService.open(self.setting, self.label, os.urandom, may_create=True)


class AwsStore:
    keeps_old_versions = True

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.key = ""

    async def open(self) -> KeyProvider:
        if not self.key:
            import boto3

            client = boto3.client("kms", endpoint_url=self.endpoint)
            self.key = client.create_key()["KeyMetadata"]["KeyId"]
            client.close()
        return await AwsKeyService.open(self.key, endpoint_url=self.endpoint)


def make_token(folder: Path, tool: str) -> Pkcs11Setting:
    """Return how to log into a fresh SoftHSM2 token; SOFTHSM2_CONF has to name ``folder``."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    subprocess.run(
        [tool, "--init-token", "--free", "--label", "vodseal test", "--so-pin", PIN, "--pin", PIN],
        check=True,
        capture_output=True,
        env=os.environ | {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")},
    )
    (folder / "pin").write_text(f"{PIN}\n")
    return Pkcs11Setting(module=find_module(), token="vodseal test", pin_source=folder / "pin")


def find_module() -> Path:
    """Return where this system keeps SoftHSM2."""
    for pattern in (f"*/softhsm/{MODULE}", f"softhsm/{MODULE}", f"*/{MODULE}"):
        for root in (Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib")):
            for path in root.glob(pattern):
                return path
    raise FileNotFoundError(MODULE)
