"""A unit of work over a fresh database with its tables, on both engines."""

from collections.abc import Iterator

import pytest

from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tasks import LeaseTime
from tests.unit.databases import migrated_url

__all__ = ["migrated_url"]


@pytest.fixture
def units(migrated_url: str) -> Iterator[UnitOfWork]:
    engine = create_engine(migrated_url)
    yield UnitOfWork(engine, SystemClock(), lease_time=LeaseTime.CALLER)
    engine.dispose()
