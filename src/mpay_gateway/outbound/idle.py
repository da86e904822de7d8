"""Connections that are kept open between requests, for a short while."""

import threading
import time

from mpay_gateway.outbound.address import Target
from mpay_gateway.outbound.connection import Connection

IDLE_SECONDS = 4.0
"""Common servers close idle connections after 5 s: what is reused must not be about to go."""
IDLE_PER_HOST = 16

_Key = tuple[str, str, int]


class IdleConnections:
    """By scheme, host and port, the latest first. Each is here or in use by one thread, never both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[_Key, list[Connection]] = {}
        self._swept = time.monotonic()

    def take(self, target: Target) -> Connection | None:
        """A connection that its server has not closed, None when there is none."""
        while (connection := self._pop(target)) is not None:
            if time.monotonic() - connection.idle_since < IDLE_SECONDS and connection.still_open():
                return connection
            connection.close()
        return None

    def keep(self, target: Target, connection: Connection) -> None:
        """Keep a connection whose exchange is over, or close it."""
        now = time.monotonic()
        if now - self._swept > IDLE_SECONDS:
            self._sweep(now)
        if connection.reusable:
            connection.idle_since = now
            with self._lock:
                kept = self._kept.setdefault(_key(target), [])
                if len(kept) < IDLE_PER_HOST:
                    kept.append(connection)
                    return
        connection.close()

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            everyone = [connection for kept in self._kept.values() for connection in kept]
            self._kept.clear()
        for connection in everyone:
            connection.close()

    def _sweep(self, now: float) -> None:
        """Close what has been idle for too long, of every host: its server closed it long ago."""
        old: list[Connection] = []
        with self._lock:
            self._swept = now
            for key, kept in list(self._kept.items()):
                young = [each for each in kept if now - each.idle_since < IDLE_SECONDS]
                old += [each for each in kept if each not in young]
                self._kept[key] = young
                if not young:
                    del self._kept[key]
        for connection in old:
            connection.close()

    def _pop(self, target: Target) -> Connection | None:
        with self._lock:
            kept = self._kept.get(_key(target))
            return kept.pop() if kept else None


def _key(target: Target) -> _Key:
    return (target.scheme, target.host, target.port)
