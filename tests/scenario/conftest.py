"""What tests of one service and one marked film share; each names its own ``world`` and ``film``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenario.at_rest_world import Person, World
    from tests.scenario.marked_film import MarkedFilm


@pytest.fixture(scope="module")
def vid(world: World, film: MarkedFilm) -> str:
    """Return the film's id, once it is published."""
    return world.publish(film)


@pytest.fixture
def viewer(world: World, request: pytest.FixtureRequest) -> Person:
    """Return somebody who watches, with folders of their own."""
    return world.viewer(request.node.name)
