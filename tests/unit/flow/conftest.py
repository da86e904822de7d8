"""A scripted gateway for each test, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mpay_gateway.domain.order import Order
from tests.unit.databases import migrated_url
from tests.unit.flow.scripted import ScriptedGateway, scripted_gateway

__all__ = ["migrated_url"]


@pytest.fixture
def gateway(migrated_url: str) -> Iterator[ScriptedGateway]:
    with scripted_gateway(migrated_url) as made:
        yield made


@pytest.fixture
def shape(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Called with changes: from now on the service says so of every order."""
    was = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "shape", {}, raising=False)

    def order(key: str) -> Order:
        changes = dict(gateway.calls.shape)
        told = was(key)
        lines = changes.pop("lines", None)
        return replace(told, **changes, lines=lines(told.lines) if lines else told.lines)

    monkeypatch.setattr(gateway.calls, "order", order)

    def shape(**changes: object) -> None:
        gateway.calls.shape = changes

    return shape
