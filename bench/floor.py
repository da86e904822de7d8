"""The floor: the parts of one payment that nobody can do without, each by itself and as bare as it can be made.

Signatures and verifications with lxml and xmlsec alone, commits of one row by the driver alone, and the pages'
templates. CPU of this thread only, so that what else the machine does counts little.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import xmlsec
from inside import Seen
from lxml import etree
from sqlalchemy.engine import make_url

_DS = "http://www.w3.org/2000/09/xmldsig#"
_WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
_ROW = b"x" * 1500
_ROUNDS = 25
CALLBACK_COMMITS = 1
"""The watched payment's bank sends no callback; a real one does, and it is kept before it is answered."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: how often a payment needs it, and CPU milliseconds of one."""

    name: str
    times: int
    each_ms: float

    @property
    def total_ms(self) -> float:
        return self.times * self.each_ms


def measure_floor(seen: Seen, signing_key: Path, database: str, folder: Path) -> tuple[Part, ...]:
    """The parts of one payment. `database`: the address of the database that is measured."""
    key = xmlsec.Key.from_memory(signing_key.read_bytes(), xmlsec.KeyFormat.PEM)
    commit = _sqlite_commit(folder) if database.startswith("sqlite") else _postgres_commit(database)
    message, (answer, trusted) = seen.signed[0], seen.verified[0]
    certificate = trusted.certificates[0]
    return (
        Part("sign", len(seen.signed), _cpu_ms(lambda: _sign(message, key))),
        Part("verify", len(seen.verified), _cpu_ms(lambda: _verify(answer, certificate.verification_key))),
        Part("commit", seen.commits + CALLBACK_COMMITS, _cpu_ms(commit)),
        Part("draw a page", len(seen.renders), _mean(_cpu_ms(render) for render in seen.renders)),
    )


def floor_ms(parts: tuple[Part, ...]) -> float:
    """CPU milliseconds of one payment's bare parts."""
    return sum(part.total_ms for part in parts)


def _cpu_ms(work: Callable[[], object]) -> float:
    """The median of some rounds of one CPU measurement each."""
    work()
    took = []
    for _ in range(_ROUNDS):
        began = time.thread_time()
        work()
        took.append((time.thread_time() - began) * 1000)
    return sorted(took)[len(took) // 2]


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def _sign(message: bytes, key: xmlsec.Key) -> bytes:
    root = etree.fromstring(message)
    context = _context(root, key)
    context.sign(root.find(f".//{{{_DS}}}Signature"))
    return etree.tostring(root)


def _verify(message: bytes, key: xmlsec.Key) -> None:
    root = etree.fromstring(message)
    _context(root, key).verify(root.find(f".//{{{_DS}}}Signature"))


def _context(root: etree._Element, key: xmlsec.Key) -> xmlsec.SignatureContext:
    context = xmlsec.SignatureContext()
    context.key = key
    for element in root.iter():
        if _WSU_ID in element.attrib:
            context.register_id(element, "Id", _WSU_ID[1:-3])
        elif "Id" in element.attrib:
            context.register_id(element, "Id")
    return context


def _sqlite_commit(folder: Path) -> Callable[[], object]:
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, body BLOB)")

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO floor (body) VALUES (?)", (_ROW,))
        connection.execute("COMMIT")

    return commit


def _postgres_commit(database: str) -> Callable[[], object]:
    url = make_url(database)
    connection = psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database)
    connection.execute("CREATE TABLE IF NOT EXISTS floor (id SERIAL PRIMARY KEY, body BYTEA)")
    connection.commit()

    def commit() -> None:
        connection.execute("INSERT INTO floor (body) VALUES (%s)", (_ROW,))
        connection.commit()

    return commit
