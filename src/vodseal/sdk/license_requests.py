"""What the SDK asks a service about licenses: one, and how things stand.

Every question carries a fresh nonce, and the answer has to hold the service's time
token for it (SPEC license §9.3), where the app's security file names a key for that.
So an older answer is of no use to whoever put it in the way.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.credential.envelope import EnvelopeType
from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.license.acquire import AcquireClaim
from vodseal.license.time_token import MAX_WITHDRAWN, NONCE_SIZE, open_time_token
from vodseal.rpc.messages.downloads import AcquireDownloadLicenseRequest, CheckInDeviceRequest
from vodseal.sdk.enrolment import enrol, enrol_anew, is_not_enrolled
from vodseal.sdk.revocations import hear_revocations
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodseal.sdk.transport import RpcClient
    from vodseal.vault.key_service import KeyService

__all__ = ["KeyWish", "acquire", "check_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """Whose content key is wanted."""

    vid: str
    job_id: str
    """The stream, for ever."""

    index: int
    download_id: bytes
    now: float


def acquire(client: RpcClient, keys: KeyService, wish: KeyWish) -> bytes:
    """Return the license that the service issues now; it is not kept yet.

    The device is enrolled before; one that the service has forgotten enrols again, once.

    Raises:
        RequestError: The service refused, or sent what is no license.
        LicenseReplayError: The answer is an older one.
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
    nonce = secrets.token_bytes(NONCE_SIZE)
    answer = client.send(
        AcquireDownloadLicenseRequest(
            video_id=wish.vid,
            job_id=wish.job_id,
            track_index=wish.index,
            download_id=wish.download_id.hex(),
            app_serial=app.serial.hex(),
            device_kem_key=_text(claim.kem_public_key),
            device_signing_key=_text(claim.signing_public_key),
            device_signature=_text(claim.sign(device.signing)),
            nonce=nonce.hex(),
        )
    )
    envelope = _octets(answer.license, answer.request_id)
    token = _octets(answer.time_token, answer.request_id)
    _note_contact(keys, token, nonce, wish.now, envelope=envelope)
    return envelope


def check_in(client: RpcClient, keys: KeyService, vid: str, now: float) -> None:
    """Tell the service what was given up, and hear what is withdrawn and what time it is.

    A service without the action has nothing to say; that is an answer too.

    Raises:
        RequestError: The service refused, or did not answer. Nothing was forgotten.
        LicenseReplayError: The answer is an older one.
    """
    hear_revocations(client, keys)
    book = keys.licenses().book
    receipts = sorted(book.receipts().items())
    held_ids, signed = _batches(book.license_ids()), _batches([one for _, one in receipts])
    nothing: list[bytes] = []
    try:
        for held, sent in itertools.zip_longest(held_ids, signed, fillvalue=nothing):
            _check_in(client, keys, vid, now=now, held=held, receipts=sent)
    except RequestError as error:
        if not is_unknown_action(error):
            raise
    book.finish_check_in((one for one, _ in receipts), keys.licenses().all_held())


def _check_in(
    client: RpcClient,
    keys: KeyService,
    vid: str,
    *,
    now: float,
    held: Sequence[bytes],
    receipts: Sequence[bytes],
) -> None:
    device, nonce = keys.vault().device, secrets.token_bytes(NONCE_SIZE)
    answer = client.send(
        CheckInDeviceRequest(
            video_id=vid,
            device_kem_key=_text(device.kem.public_key().public_bytes_raw()),
            device_signing_key=_text(device.signing.public_key().public_bytes_raw()),
            nonce=nonce.hex(),
            license_ids=",".join(one.hex() for one in held) or None,
            receipts=",".join(map(_text, receipts)) or None,
        )
    )
    _note_contact(keys, _octets(answer.time_token, answer.request_id), nonce, now)


def _note_contact(
    keys: KeyService, token: bytes, nonce: bytes, now: float, *, envelope: bytes | None = None
) -> None:
    trusted = keys.unlock().trust.for_type(EnvelopeType.TIME_TOKEN)
    if trusted:
        opened = open_time_token(token, trusted, nonce=nonce, license_envelope=envelope)
        keys.licenses().book.note_contact(opened, now)


def _batches(items: list[bytes]) -> list[list[bytes]]:
    """Return ``items`` in lists of a size that one request may have; one list at least."""
    starts = range(0, max(1, len(items)), MAX_WITHDRAWN)
    return [items[start : start + MAX_WITHDRAWN] for start in starts]


def _octets(text: str, request_id: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise RequestError(
            ErrorCode.SERVER_WRONG_JSON, "The service's answer is not base64", request_id=request_id
        ) from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
