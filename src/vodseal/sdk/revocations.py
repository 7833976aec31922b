"""Hear what the service has revoked, at each contact (SPEC credential §8)."""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING, Final

from vodseal.credential.envelope import EnvelopeType
from vodseal.errors import RequestError, RevocationListError
from vodseal.rpc.messages.downloads import GetRevocationListRequest
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from vodseal.sdk.transport import RpcClient
    from vodseal.vault.key_service import KeyService

__all__ = ["hear_revocations"]

_log: Final = logging.getLogger(__name__)


def hear_revocations(client: RpcClient, keys: KeyService) -> None:
    """Take in the service's list; what it revokes does not open any more on return.

    Whether it has ended is asked of the clock that the service has answered to: a
    device whose own is days ahead would take no list for a fresh one.

    A service that does not answer leaves the list that is kept, and so does one
    without the action, and a security file that names no key for it.

    Raises:
        RevocationListError: What the service sent is no list that may be taken in.
        OSError: The vault cannot be written.
    """
    if not keys.unlock().trust.for_type(EnvelopeType.REVOCATION):
        return
    try:
        answer = client.send(GetRevocationListRequest())
    except RequestError as error:
        if not is_unknown_action(error):
            _log.info("the revocation list was not heard", extra={"code": int(error.code)})
        return
    try:
        envelope = base64.b64decode(answer.revocation_list, validate=True)
    except binascii.Error:
        raise RevocationListError("what the service sent is not base64") from None
    keys.licenses().revocations.take_in(envelope, client.now())
