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

import base64
import binascii
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import (
    CredentialError,
    DownloadError,
    FormatError,
    LicenseError,
    RequestError,
)
from vodseal.license.acquire import AcquireClaim
from vodseal.license.issue import issue_local_license
from vodseal.license.model import LicenseTerms
from vodseal.rpc.messages.downloads import AcquireDownloadLicenseRequest
from vodseal.sdk.enrolment import enrol, enrol_anew, is_not_enrolled
from vodseal.sdk.transport import is_unknown_action
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.sdk.transport import RpcClient
    from vodseal.vault.key_service import KeyService

__all__ = [
    "KeyWish",
    "acquire_license",
    "plain_content_key",
    "secure_content_key",
    "stored_content_key",
    "unlocked",
]

_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """Whose content key is wanted."""

    vid: str
    job_id: str
    """The stream, for ever."""

    index: int
    download_id: bytes
    now: float


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
    stored = stored_content_key(keys, wish.download_id, wish.now)
    if stored is not None:
        return stored
    try:
        envelope = acquire_license(client, keys, wish)
    except RequestError as error:
        if not is_unknown_action(error):
            raise
        envelope = _issue_locally(keys, wish, random)
    key = keys.open_license(envelope, wish.download_id, wish.now)
    keys.vault().save_license(wish.download_id, envelope)
    return key


def acquire_license(client: RpcClient, keys: KeyService, wish: KeyWish) -> bytes:
    """Return what the service sends as a license for this app on this device, unverified.

    The device is enrolled before; one that the service has forgotten enrols again, once.

    Raises:
        RequestError: The service refused, or sent no base64.
        LicenseBindingError: What it sent as a certificate is none of this device.
    """
    enrol(client, keys, wish.vid, wish.now)
    try:
        return _acquire(client, keys, wish)
    except RequestError as error:
        if not is_not_enrolled(error):
            raise
    enrol_anew(client, keys, wish.vid, wish.now)
    return _acquire(client, keys, wish)


def _acquire(client: RpcClient, keys: KeyService, wish: KeyWish) -> bytes:
    app, device = keys.unlock(), keys.vault().device
    claim = AcquireClaim(
        video_id=wish.vid,
        job_id=wish.job_id,
        download_id=wish.download_id,
        app_serial=app.serial,
        kem_public_key=device.kem.public_key().public_bytes_raw(),
        signing_public_key=device.signing.public_key().public_bytes_raw(),
    )
    answer = client.acquire_download_license(
        AcquireDownloadLicenseRequest(
            video_id=wish.vid,
            job_id=wish.job_id,
            track_index=wish.index,
            download_id=wish.download_id.hex(),
            app_serial=app.serial.hex(),
            device_kem_key=_text(claim.kem_public_key),
            device_signing_key=_text(claim.signing_public_key),
            device_signature=_text(claim.sign(device.signing)),
        )
    )
    try:
        return base64.b64decode(answer.license, validate=True)
    except binascii.Error:
        raise RequestError(
            ErrorCode.SERVER_WRONG_JSON,
            "The service's license is not base64",
            request_id=answer.request_id,
        ) from None


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


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
