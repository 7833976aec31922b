"""Move a license to another security file, or another app (SPEC license §6.2).

The content key goes under new locks, and the device signs for that. What the
service has allowed is not the device's to say: a license of the service goes along
as it is, and the new one may differ from it in whom it is for, and in nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vodseal.license.issue import issue_license
from vodseal.license.model import Issuer

if TYPE_CHECKING:
    from vodseal.credential.device import DeviceKeys
    from vodseal.credential.security_file import UnlockedApp
    from vodseal.license.model import License

__all__ = ["move_license"]


def move_license(
    opened: License,
    envelope: bytes,
    content_key: bytes,
    *,
    app: UnlockedApp,
    device: DeviceKeys,
    transport_key: bytes | None = None,
) -> bytes:
    """Return the license for ``app`` on ``device``, in its envelope.

    Args:
        opened: The license as it is, verified.
        envelope: What it came in.
        content_key: What it holds, unwrapped.
        app: Whom it is for from now on.
        device: The keys of this device for that app.
        transport_key: What it holds as well, for a privately encrypted stream.
    """
    origin = b""
    if opened.issuer is Issuer.SERVICE:
        origin = opened.origin or envelope
    terms = replace(
        opened.terms,
        serial=app.serial,
        fingerprint=app.fingerprint,
        device_id=device.device_id,
    )
    return issue_license(
        terms,
        content_key,
        app_public_key=app.app_key.public_key(),
        device_public_key=device.kem.public_key(),
        signing_key=device.signing,
        transport_key=transport_key,
        origin=origin,
    )
