"""A vault by itself: what it says is kept, is kept, also beside another process."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from torture.job import KEPT
from vodseal.errors import VodsealError
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from torture.job import Place

__all__ = ["VaultCheck", "use_vault"]

_ANCHORED: Final = "anchored"
_FORGETTING: Final = "forgetting"
_FORGOTTEN: Final = "forgotten"
_IDS: Final = tuple(bytes([number]) * 16 for number in (1, 2, 3))
_SECRET: Final = b"a secret of thirty-two bytes .."
_GENERATION: Final = 7


def use_vault(place: Place, promise: Callable[[str], None]) -> None:
    """Keep, raise and forget; ``promise`` hears of each thing when it is done."""
    vault = Vault(place.home, NO_APP)
    _keep(vault, _IDS[0], promise)
    vault.raise_anchor(generation=_GENERATION)
    promise(f"{_ANCHORED} {_GENERATION}")
    _keep(vault, _IDS[1], promise)
    # While another process has it open, closing the database writes nothing more.
    with closing(sqlite3.connect(vault.folder / "vault.db")) as other:
        other.execute("SELECT count(*) FROM sealed").fetchone()
        _keep(vault, _IDS[2], promise)
        promise(f"{_FORGETTING} {_IDS[0].hex()}")
        vault.delete_secret(_IDS[0])
        promise(f"{_FORGOTTEN} {_IDS[0].hex()}")


def _keep(vault: Vault, row_id: bytes, promise: Callable[[str], None]) -> None:
    vault.save_secret(row_id, _SECRET)
    promise(f"{KEPT} {row_id.hex()}")


class VaultCheck:
    """Looks into what is left of a vault."""

    def faults(self, place: Place, promised: Collection[str]) -> list[str]:
        """Return what is wrong there, and broken of what was promised."""
        vault = Vault(place.home, NO_APP)
        try:
            held = {row_id.hex() for row_id in _IDS if vault.load_secret(row_id) == _SECRET}
            generation = vault.anchor().generation
            vault.save_secret(bytes(16), _SECRET)
        except (VodsealError, OSError, sqlite3.Error) as error:
            return [f"the vault does not open: {type(error).__name__} {error}"]
        kept = _ids(promised, KEPT) - _ids(promised, _FORGETTING)
        forgotten = _ids(promised, _FORGOTTEN)
        found = [f"a secret that was kept is not there: {one}" for one in sorted(kept - held)]
        found += [f"a secret that was forgotten is there: {one}" for one in forgotten & held]
        if f"{_ANCHORED} {_GENERATION}" in promised and generation < _GENERATION:
            found.append("the anchor has fallen")
        return found


def _ids(promised: Collection[str], what: str) -> set[str]:
    """Return of which rows this was promised."""
    return {text.removeprefix(f"{what} ") for text in promised if text.startswith(f"{what} ")}
