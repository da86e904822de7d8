"""The record store of one instance: data of a plugin's own that must not be lost with its process."""

from collections.abc import Callable
from dataclasses import dataclass

from mpay_gateway.domain.records import MOST_LISTED, Record, check_listing, check_record
from mpay_gateway.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class InstanceRecords:
    """Implements `api.Records`. Each call is one unit of work of its own.

    `units`: asked at each call, since plugins are made before there is a gateway.
    """

    units: Callable[[], UnitOfWork]
    instance: str

    def get(self, key: str) -> Record | None:
        check_record(key, b"")
        return self.units().read(lambda work: work.records.get(self.instance, key))

    def put(self, key: str, value: bytes, expected_version: int) -> Record:
        check_record(key, value)
        if expected_version < 0:
            raise ValueError("a version is not below 0")
        record = Record(key, value, expected_version + 1)
        units = self.units()
        units.run("put-record", lambda work: work.records.put(self.instance, record, at=work.clock.now()))
        return record

    def list(self, prefix: str, *, after: str = "", limit: int = MOST_LISTED) -> tuple[Record, ...]:
        check_listing(prefix, limit)
        check_listing(after, limit)
        return self.units().read(
            lambda work: work.records.list(self.instance, prefix, after=after, limit=limit)
        )
