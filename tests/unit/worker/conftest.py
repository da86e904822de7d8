"""A scripted gateway for each test, on both databases."""

from tests.unit.databases import migrated_url
from tests.unit.flow.conftest import gateway

__all__ = ["gateway", "migrated_url"]
