"""What a source tells the service about playback (client-surface 1.5)."""

from __future__ import annotations

from vodseal.errors import MisuseError
from vodseal.rpc.codec import encode_json

__all__ = ["VidPlayerConfigGen"]


class VidPlayerConfigGen:
    """Makes the ``play_config`` of a source.

    The keys that the service knows are PlayDomain, PreviewTime,
    MtsHlsUriToken and EncryptType; any other is passed on.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._values: dict[str, str | int] = {}

    def set_preview_time(self, seconds: int) -> None:
        """Ask for the first seconds only. Such a source cannot be downloaded (B53).

        Raises:
            MisuseError: Less than one second.
        """
        if seconds < 1:
            raise MisuseError("a preview lasts one second at least")
        self._values["PreviewTime"] = str(seconds)

    def set_mts_hls_uri_token(self, token: str) -> None:
        """Give the token that the key server of HLS-encrypted video asks for (B41)."""
        self._values["MtsHlsUriToken"] = token

    def add_player_config(self, key: str, value: str | int) -> None:
        """Set any other key of the play config."""
        self._values[key] = value

    def generate(self) -> str:
        """Return the play config as JSON, for the source's ``play_config``."""
        return encode_json(self._values)
