"""GetRevocationList: everything that is revoked, signed (SPEC rpc §7, credential §8)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from vodseal.service.revocations import current_list
from vodseal.service.service_settings import settings_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.service.runtime import Call, Service

__all__ = ["get_revocation_list"]


async def get_revocation_list(service: Service, call: Call) -> Mapping[str, object]:
    """Return the list as of now."""
    async with service.context.reads.begin() as session:
        settings = await settings_in(session)
        found = await current_list(
            session, now=call.now, seconds=int(settings["revocation-list-seconds"])
        )
    signed = found.seal(service.context.keys.revocation)
    return {"RevocationList": base64.b64encode(signed).decode("ascii")}
