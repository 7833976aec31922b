"""The content key of a download: found, or acquired, before the first byte is fetched.

In secure mode it is inside a license, which is durable in the vault before it
is used (security.md 3.3, 3.5). The service makes it; asked again for the same
download by the same device it gives the same one, so a lost answer or a lost
vault entry loses no staged byte. A service without the license action leaves it
to the device, which makes the key and issues itself a license with the same
binding (design 3.11).

In normal mode the result is plain, and only staging is sealed: the key is made
here and kept, under no app, until the download is deleted.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import (
    CredentialError,
    DownloadError,
    FormatError,
    LicenseError,
    RequestError,
)
from vodseal.license.issue import issue_local_license
from vodseal.license.model import LicenseTerms
from vodseal.sdk.license_requests import KeyWish, acquire, check_in
from vodseal.sdk.revocations import hear_revocations
from vodseal.sdk.transport import is_unknown_action
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.credential.trust import VerificationKeys
    from vodseal.sdk.transport import RpcClient
    from vodseal.vault.key_service import KeyService

__all__ = [
    "KeyWish",
    "plain_content_key",
    "secure_content_key",
    "stored_content_key",
    "trust_of",
    "unlocked",
]

_KEY_SIZE: Final = 32


def unlocked(keys: KeyService | None) -> KeyService:
    """Return the key service, after the app has shown who it is.

    Raises:
        DownloadError: ``ENCRYPT_FILE_NOT_MATCH``: no security file is loaded, or
            it does not open for this app; the remedy tells which (B14).
    """
    if keys is None:
        raise DownloadError(
            ErrorCode.ENCRYPT_FILE_NOT_MATCH,
            "This download needs the app's security file, and none is loaded",
            remedy="Load the app's security file with PrivateService.init_service().",
        )
    try:
        keys.unlock()
    except CredentialError as error:
        raise DownloadError(
            ErrorCode.ENCRYPT_FILE_NOT_MATCH, error.message, remedy=error.remedy
        ) from error
    return keys


def trust_of(keys: KeyService) -> VerificationKeys | None:
    """Return whose signatures the loaded security file lists; None when it does not open."""
    try:
        return keys.unlock().trust
    except CredentialError:
        return None


def stored_content_key(keys: KeyService, download_id: bytes, now: float) -> bytes | None:
    """Return the key of a license in the vault; None when there is none that holds now."""
    with contextlib.suppress(LicenseError, FormatError):  # then a new one is asked for
        return keys.open_content_key(download_id, now)
    return None


def secure_content_key(
    client: RpcClient, keys: KeyService, wish: KeyWish, random: Callable[[int], bytes]
) -> bytes:
    """Return the key of a license, which is durable on return.

    Raises:
        RequestError: The service refused.
        LicenseError: What it sent is not a license for this app, device and time.
        OSError: The vault cannot be written.
    """
    hear_revocations(client, keys)
    stored = stored_content_key(keys, wish.download_id, wish.now)
    if stored is not None:
        return stored
    if keys.licenses().book.has_news():
        check_in(client, keys, wish.vid, wish.now)
    try:
        envelope = acquire(client, keys, wish)
    except RequestError as error:
        if not is_unknown_action(error):
            raise
        envelope = _issue_locally(keys, wish, random)
    return keys.licenses().open_new(envelope, wish.download_id, wish.now)


def plain_content_key(home: Path, download_id: bytes, random: Callable[[int], bytes]) -> bytes:
    """Return the key under which a normal download is staged; the first call makes it.

    Raises:
        OSError: The vault cannot be read or written.
    """
    vault = Vault(home, NO_APP)
    with contextlib.suppress(FormatError):  # altered: what was staged under it is lost anyway
        kept = vault.load_secret(download_id)
        if kept is not None:
            return kept
    fresh = random(_KEY_SIZE)
    vault.save_secret(download_id, fresh)
    return fresh


def _issue_locally(keys: KeyService, wish: KeyWish, random: Callable[[int], bytes]) -> bytes:
    app, device = keys.unlock(), keys.vault().device
    terms = LicenseTerms(
        license_id=wish.download_id,
        serial=app.serial,
        fingerprint=app.fingerprint,
        device_id=device.device_id,
        vid=wish.vid,
        track=wish.job_id,
        issued_at=int(wish.now),
    )
    return issue_local_license(
        terms, random(_KEY_SIZE), app_public_key=app.app_key.public_key(), device=device
    )
