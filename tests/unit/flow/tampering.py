"""What somebody with a database client does, and how he would hide it: chains made anew over changed rows."""

from dataclasses import replace

from sqlalchemy import Connection, Table, delete, insert, select, text, update

from mpay_gateway.storage.audit import AuditRow
from mpay_gateway.storage.chain import BEGINNING
from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.tables import audit, evidence
from tests.unit.flow.scripted import ScriptedGateway

_ROW = {audit: AuditRow, evidence: EvidenceRow}
_SUBJECT = {audit: audit.c.payment_id, evidence: evidence.c.subject}


def by_hand(gateway: ScriptedGateway, *statements: str, **values: object) -> None:
    """Run statements in one transaction; each must hit something."""
    with gateway.parts.units.engine.begin() as connection:
        for statement in statements:
            names = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), names).rowcount > 0, statement


def chain_anew(gateway: ScriptedGateway, table: Table, subject: str) -> None:
    """Number the rows of a chain without gaps, and compute every digest again."""
    with gateway.parts.units.engine.begin() as connection:
        _chain_anew(connection, table, subject)


def insert_row(gateway: ScriptedGateway, table: Table, subject: str, *, after: int) -> None:
    """Put a copy of row `after` behind it, and chain anew. Given after the last row, it is a new end."""
    with gateway.parts.units.engine.begin() as connection:
        later = (_SUBJECT[table] == subject, table.c.seq > after)
        connection.execute(update(table).where(*later).values(seq=table.c.seq + 1000))
        found = connection.execute(
            select(table).where(_SUBJECT[table] == subject, table.c.seq == after)
        ).one()
        copied = {name: value for name, value in found._mapping.items() if name != "id"}
        connection.execute(insert(table).values(copied | {"seq": after + 1}))
        _chain_anew(connection, table, subject)


def remove_row(gateway: ScriptedGateway, table: Table, subject: str, seq: int) -> None:
    """Take one row out; nothing else changes."""
    with gateway.parts.units.engine.begin() as connection:
        if table is evidence:
            of_row = "SELECT id FROM evidence WHERE subject = :subject AND seq = :seq"
            gone = text(f"DELETE FROM evidence_bodies WHERE evidence_id = ({of_row})")
            connection.execute(gone, {"subject": subject, "seq": seq})
        done = connection.execute(delete(table).where(_SUBJECT[table] == subject, table.c.seq == seq))
        assert done.rowcount == 1


def _chain_anew(connection: Connection, table: Table, subject: str) -> None:
    kind = _ROW[table]
    columns = [table.c[name] for name in kind.__dataclass_fields__]
    query = select(table.c.id, *columns).where(_SUBJECT[table] == subject).order_by(table.c.seq)
    previous = BEGINNING
    for seq, (own, *fields) in enumerate(connection.execute(query).all(), 1):
        row = replace(kind(*fields), seq=seq, previous=previous)
        digest = row.computed_digest()
        changed = update(table).where(table.c.id == own)
        connection.execute(changed.values(seq=seq, previous=previous, digest=digest))
        previous = digest
