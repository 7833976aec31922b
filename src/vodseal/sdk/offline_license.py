"""The license of a downloaded file, in an app's hands: how long, longer, no longer.

A download acquires its license by itself. Here it is renewed, released, and asked
how long it holds (docs/explanation/licenses.md). A file is named by its path; it may
have been moved, and it is not touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.container.inspect import describe
from vodseal.error_codes import ErrorCode
from vodseal.errors import LicenseError, LicenseExpiredError, RequestError
from vodseal.license.model import Issuer
from vodseal.license.policy import RemainingTime
from vodseal.sdk.credentials import LiveSource
from vodseal.sdk.license_requests import KeyWish, acquire, check_in
from vodseal.sdk.revocations import hear_revocations
from vodseal.sdk.transport import RpcClient
from vodseal.vault import key_service
from vodseal.vault.sealed_files import FileSource

if TYPE_CHECKING:
    import os

    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import CredentialProvider
    from vodseal.sdk.sources import Source
    from vodseal.vault.key_service import KeyService

__all__ = ["OfflineLicense"]


class OfflineLicense:
    """What an app can do about licenses. It uses the security file of ``PrivateService``.

    Every call raises ``SecurityFileError`` or ``AppIdentityError`` when that file does
    not open, and ``LicenseMissingError`` for a file without a license on this device.
    """

    @staticmethod
    def get_remaining(path: str | os.PathLike[str]) -> RemainingTime:
        """Return how long a file may still be played; zeros when its license has ended.

        Raises:
            ContactNeededError: Nobody knows before ``check_in`` or ``renew``.
            FormatError, OSError: It is not a sealed file, or cannot be read.
        """
        keys, download_id = key_service.current(), _download_id(path)
        try:
            return keys.licenses().remaining(download_id, keys.clock.now())
        except LicenseExpiredError:
            return RemainingTime(license_seconds=0.0, playback_seconds=0.0)

    @staticmethod
    def renew(
        path: str | os.PathLike[str],
        source: Source,
        *,
        config: DownloaderConfig | None = None,
        credential_provider: CredentialProvider | None = None,
    ) -> RemainingTime:
        """Return how long a file may be played from now on, under a new license.

        The old one may have ended long ago. A license that this device made itself
        has no end, and stays as it is. ``credential_provider`` is asked for a fresh
        source when this one ends soon, or is refused.

        Raises:
            RequestError: The service did not answer, or refused; its number is
                ``LICENSE_ENDED`` or ``LICENSE_REVOKED`` when it never will again.
            LicenseError: What it sent does not hold here and now. The old one is kept.
        """
        keys, download_id = key_service.current(), _download_id(path)
        held = keys.licenses().held(download_id)
        if held.issuer is Issuer.SERVICE:
            wish = KeyWish(
                vid=held.terms.vid,
                job_id=held.terms.track,
                index=0,
                download_id=download_id,
                now=keys.clock.now(),
            )
            live = LiveSource(source, provider=credential_provider)
            with RpcClient.for_live(live, config=config, clock=keys.clock) as client:
                _renew(client, keys, wish)
        return keys.licenses().remaining(download_id, keys.clock.now())

    @staticmethod
    def release(path: str | os.PathLike[str]) -> None:
        """Give the license of a file up: it does not open any more, here or from a backup.

        No network is used: the service hears of it at the next contact, and then
        the place of this device is free for another.

        Raises:
            LicenseError: The license does not allow to be given up.
        """
        keys, download_id = key_service.current(), _download_id(path)
        licenses = keys.licenses()
        held = licenses.held(download_id)
        if not held.terms.releasable:
            raise LicenseError("the license cannot be given up")
        licenses.book.release(held, keys.clock.now())

    @staticmethod
    def check_in(source: Source, *, config: DownloaderConfig | None = None) -> None:
        """Speak to the service: hand over what was released, delete what was withdrawn.

        It also tells its time, which ends the time offline and heals a wrong clock.

        Raises:
            RequestError: The service refused, or did not answer. Nothing changed.
        """
        keys = key_service.current()
        with RpcClient.for_source(source, config=config, clock=keys.clock) as client:
            check_in(client, keys, source.vid, keys.clock.now())


def _renew(client: RpcClient, keys: KeyService, wish: KeyWish) -> None:
    hear_revocations(client, keys)
    if keys.licenses().book.has_news():
        check_in(client, keys, wish.vid, wish.now)
    try:
        envelope = acquire(client, keys, wish)
    except RequestError as error:
        if error.code is ErrorCode.LICENSE_REVOKED:  # as the service has signed it
            check_in(client, keys, wish.vid, wish.now)
        raise
    keys.licenses().open_new(envelope, wish.download_id, wish.now)


def _download_id(path: str | os.PathLike[str]) -> bytes:
    with FileSource(Path(path).resolve()) as source:
        return describe(source).header.download_id
