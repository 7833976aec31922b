"""What holds for every test: property tests run without a clock, no user's keys are touched, and errors speak."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.wording import held_to_it

if TYPE_CHECKING:
    from collections.abc import Iterator

# Tests, and what they start, keep out of the key store of whoever runs them.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _errors_speak() -> Iterator[None]:
    yield from held_to_it()
