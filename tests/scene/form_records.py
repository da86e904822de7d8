"""What the form connector keeps in its records, as it lies there."""

import json

from mpay_gateway.storage.records import Record
from tests.scene.gateway import Gateway

_INSTANCE = "eservice:form"


def form_records(gateway: Gateway, prefix: str) -> tuple[Record, ...]:
    """The connector's records whose keys begin so."""
    return gateway.read(lambda work: work.records.list(_INSTANCE, prefix, after="", limit=1000))


def stored_order(gateway: Gateway, service_id: str, key: str) -> dict[str, object]:
    """An order that a form made."""
    record = gateway.read(lambda work: work.records.get(_INSTANCE, f"order/{service_id}/{key}"))
    assert record is not None, key
    found: dict[str, object] = json.loads(record.value)
    return found
