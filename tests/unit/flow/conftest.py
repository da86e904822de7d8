"""A scripted gateway for each test, on both databases."""

from collections.abc import Iterator

import pytest

from tests.unit.databases import migrated_url
from tests.unit.flow.scripted import ScriptedGateway, scripted_gateway

__all__ = ["migrated_url"]


@pytest.fixture
def gateway(migrated_url: str) -> Iterator[ScriptedGateway]:
    with scripted_gateway(migrated_url) as made:
        yield made
