"""Plugins' own records, each in the namespace of its instance; written by compare-and-set alone."""

from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.records import Record
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import plugin_records

_COLUMNS = (plugin_records.c.key, plugin_records.c.value, plugin_records.c.version)
_OF_KEY = (
    plugin_records.c.namespace == bindparam("of_namespace"),
    plugin_records.c.key == bindparam("of_key"),
)
_GET = select(*_COLUMNS).where(*_OF_KEY)
_ADD = insert_once(plugin_records, ["namespace", "key"], returning=plugin_records.c.key)
_CHANGE = update(plugin_records).where(*_OF_KEY, plugin_records.c.version == bindparam("was"))
_LIST = (
    select(*_COLUMNS)
    .where(
        plugin_records.c.namespace == bindparam("of_namespace"),
        plugin_records.c.key >= bindparam("since"),
        plugin_records.c.key < bindparam("before"),
    )
    .order_by(plugin_records.c.key)
    .limit(bindparam("most"))
)
_BEYOND = "\x7f"
"""The first character after those that keys are made of."""


class PluginRecords:
    """The stored records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, namespace: str, key: str) -> Record | None:
        row = self._connection.execute(_GET, {"of_namespace": namespace, "of_key": key}).first()
        return None if row is None else Record(*row)

    def put(self, namespace: str, record: Record, *, at: datetime) -> None:
        """Store the record as the next version after `record.version` less one. Raises: Conflict."""
        found = {"of_namespace": namespace, "of_key": record.key, "was": record.version - 1}
        values = {"value": record.value, "version": record.version, "changed_at": at}
        if record.version == 1:
            row = {"namespace": namespace, "key": record.key} | values
            stored = self._connection.execute(_ADD.on(self._connection), row).first() is not None
        else:
            stored = self._connection.execute(_CHANGE, found | values).rowcount == 1
        if not stored:
            raise Conflict(f"record {record.key}: it is not at version {record.version - 1}")

    def list(self, namespace: str, prefix: str, *, after: str, limit: int) -> tuple[Record, ...]:
        """Records whose keys begin with `prefix` and come after `after`, in the order of their bytes."""
        bounds = {"of_namespace": namespace, "since": max(prefix, after + " "), "before": prefix + _BEYOND}
        rows = self._connection.execute(_LIST, bounds | {"most": limit})
        return tuple(Record(*row) for row in rows)
