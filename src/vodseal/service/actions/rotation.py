"""RotateMasterKey and GetKeyRotation: our own actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.rpc.replay import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.service.database.rotation_models import KeyRotation
    from vodseal.service.runtime import Call, Service

__all__ = ["get_key_rotation", "rotate_master_key"]


async def rotate_master_key(service: Service, _call: Call) -> Mapping[str, object]:
    """Begin a rotation of the master key, or find the one under way."""
    return _describe(service, await service.rotator.begin())


async def get_key_rotation(service: Service, _call: Call) -> Mapping[str, object]:
    """Return what wraps keys now, and how far the newest rotation is."""
    return _describe(service, await service.rotator.newest())


def _describe(service: Service, row: KeyRotation | None) -> dict[str, object]:
    answer: dict[str, object] = {"KeyVersion": service.rotator.head_name}
    if row is not None:
        answer["Rotation"] = {
            "State": row.state,
            "Total": row.total,
            "Done": row.done,
            "Failed": row.failed,
            "Error": row.error,
            "StartTime": format_time(row.started_at),
            "EndTime": format_time(row.finished_at) if row.finished_at else "",
        }
    return answer
