"""A stand-in for the service, for the SDK's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.sdk.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    with made.server:
        yield made
