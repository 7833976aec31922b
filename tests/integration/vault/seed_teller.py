"""One process of a user: tells the digest of its device's seed, and how well it is kept."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from vodseal.errors import VodsealError
from vodseal.vault.device_seed import load_or_create_seed
from vodseal.vault.device_store import DeviceKeyStore

if __name__ == "__main__":
    store = DeviceKeyStore(Path(sys.argv[1]))
    try:
        digest = hashlib.sha256(load_or_create_seed(store)).hexdigest()
        print(json.dumps({"digest": digest, "level": store.level().label}))
    except VodsealError as error:
        print(json.dumps({"error": type(error).__name__}))
