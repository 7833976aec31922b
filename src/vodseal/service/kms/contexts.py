"""The contexts that keys of the service are bound to: one function a purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.media.encryption import EncryptType

if TYPE_CHECKING:
    from vodseal.service.kms.protocol import KeyContext

__all__ = ["access_key", "license_key", "original", "service_key", "stream", "upload"]


def original(video_id: str) -> KeyContext:
    """Return the context of a sealed original's content key (32 bytes)."""
    return {"purpose": "original", "video": video_id}


def upload(upload_id: str) -> KeyContext:
    """Return the context of the key that upload parts are sealed under (32 bytes)."""
    return {"purpose": "upload", "upload": upload_id}


def stream(video_id: str, stream_id: str, encrypt_type: str) -> KeyContext:
    """Return the context of a stream's transport key (16 bytes).

    With standard HLS its wrapped form is the EDK of the key URI. A key request
    may name neither video nor stream (wire 10.5): the row that holds the EDK
    does. The key of a privately encrypted stream has another purpose, so that
    the key endpoint cannot unwrap it (SPEC rpc §10).
    """
    purpose = "private-stream" if encrypt_type == EncryptType.PRIVATE else "stream"
    return {"purpose": purpose, "video": video_id, "stream": stream_id}


def license_key(download_id: str, device_id: str) -> KeyContext:
    """Return the context of a download's content key (32 bytes)."""
    return {"purpose": "license", "download": download_id, "device": device_id}


def access_key(key_id: str) -> KeyContext:
    """Return the context of an access key's secret."""
    return {"purpose": "access-key", "id": key_id}


def service_key(name: str) -> KeyContext:
    """Return the context of one of the service's own keys."""
    return {"purpose": "service-key", "name": name}
