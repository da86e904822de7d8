"""psycopg's cursor without what nobody reads. Source: PEP 249 (description); psycopg 3, `BaseCursor.description`."""

from collections.abc import Sequence
from typing import Any, overload

from psycopg import Column, Cursor
from psycopg.pq import ExecStatus


class _Columns(Sequence[Column]):
    """The columns of a result, each described when it is read."""

    __slots__ = ("_count", "_cursor")

    def __init__(self, cursor: "LeanCursor", count: int) -> None:
        self._cursor = cursor
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Column: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Column]: ...
    def __getitem__(self, index: int | slice) -> Column | Sequence[Column]:
        chosen = range(self._count)[index]
        return (
            Column(self._cursor, chosen)
            if isinstance(chosen, int)
            else [Column(self._cursor, i) for i in chosen]
        )


class LeanCursor(Cursor[Any]):
    """Describes columns when they are read: SQLAlchemy asks after each statement whether there are any.

    It reads them once for each statement that it compiled; describing them every time took a tenth of the calls
    that a payment makes.
    """

    @property
    def description(self) -> Sequence[Column] | None:  # type: ignore[override]
        """The columns of the result, None when there is no result with columns."""
        result = self.pgresult
        if result is None or not (result.nfields or result.status == ExecStatus.TUPLES_OK):
            return None
        return _Columns(self, result.nfields)
