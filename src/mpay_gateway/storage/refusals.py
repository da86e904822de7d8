"""A database that takes nothing: a full disk, or it may only be read (faults.md B25); a disk that lies (B26)."""

import os
import sqlite3
import sys

import structlog
from sqlalchemy.exc import DBAPIError

FOR_SECONDS = 30.0
"""So long a refusal stands: without requests nobody would find out that there is room again."""
UNTRUSTED_DISK = 74
"""Exit status: EX_IOERR of sysexits.h."""
_SQLSTATES = {"53100": "the disk is full", "25006": "the database is read-only"}
_SQLITE = {sqlite3.SQLITE_FULL: "the disk is full", sqlite3.SQLITE_READONLY: "the database is read-only"}
_LYING = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC, sqlite3.SQLITE_IOERR_WRITE})
_log = structlog.get_logger("storage")


class Refusals:
    """What one process knows of it."""

    def __init__(self) -> None:
        self._since = 0.0
        self._reason = ""

    def note(self, error: DBAPIError, unit: str, *, now: float) -> None:
        """Remember an error that says so, aloud when it is news. `now`: seconds, monotonic.

        A disk that reports that it lost what it had taken ends the process: what SQLite still has in memory may not
        be what is stored, and a second fsync would say that all is well. The next process reads what is there.
        PostgreSQL ends itself then.
        """
        if _code(error) in _LYING:
            _log.error("disk_cannot_be_trusted", unit=unit)
            sys.stderr.flush()
            os._exit(UNTRUSTED_DISK)
        reason = _reason(error)
        if not reason:
            return
        if not self.standing(now):
            _log.error("database_refuses_writes", unit=unit, reason=reason)
        self._since, self._reason = now, reason

    def standing(self, now: float) -> str:
        """Why the database takes nothing; empty when it has not refused of late."""
        return self._reason if now - self._since < FOR_SECONDS else ""


def _reason(error: DBAPIError) -> str:
    sqlstate = getattr(error.orig, "sqlstate", None)
    return _SQLSTATES.get(sqlstate, "") if sqlstate else _SQLITE.get(_code(error) & 0xFF, "")


def _code(error: DBAPIError) -> int:
    return int(getattr(error.orig, "sqlite_errorcode", 0) or 0)
