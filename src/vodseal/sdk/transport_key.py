"""The key of a privately encrypted stream: out of a license, in every mode (SPEC rpc §10, B15).

In secure mode it is in the license of the download, which the vault keeps. In
normal mode a license is asked for, the key taken out, and nothing of it kept:
the file that is saved needs none.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FormatError, LicenseError, RequestError
from vodseal.sdk.license_requests import acquire
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from vodseal.sdk.license_requests import KeyWish
    from vodseal.sdk.transport import RpcClient
    from vodseal.vault.key_service import KeyService

__all__ = ["private_transport_key"]


def private_transport_key(
    client: RpcClient, keys: KeyService, wish: KeyWish, *, secure: bool
) -> bytes:
    """Return the key of the stream that is wished for.

    Raises:
        DownloadError: ``GET_AES_KEY_FAIL``: the service gives no such key.
        RequestError: The service refused.
        LicenseError: What it sent is not a license for this app, device and stream.
        OSError: The vault cannot be read or written.
    """
    if secure:
        kept = _kept(keys, wish)
        if kept is not None:
            return kept
    try:
        envelope = acquire(client, keys, wish)
    except RequestError as error:
        if not is_unknown_action(error):
            raise
        raise _no_key(error.request_id) from error
    key = keys.licenses().transport_key(envelope, wish.download_id, wish.job_id, wish.now)
    if key is None:
        raise _no_key("")
    if secure:
        keys.licenses().open_new(envelope, wish.download_id, wish.now)
    return key


def _kept(keys: KeyService, wish: KeyWish) -> bytes | None:
    with contextlib.suppress(LicenseError, FormatError):  # then a new one is asked for
        envelope = keys.vault().load_license(wish.download_id)
        if envelope is not None:
            return keys.licenses().transport_key(envelope, wish.download_id, wish.job_id, wish.now)
    return None


def _no_key(request_id: str) -> DownloadError:
    message = "The stream is privately encrypted, and the service gives no key for it"
    return DownloadError(ErrorCode.GET_AES_KEY_FAIL, message, request_id=request_id)
