"""What holds for every test: property tests run without a clock, and no user's keys are touched."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Tests, and what they start, keep out of the key store of whoever runs them.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("house")
