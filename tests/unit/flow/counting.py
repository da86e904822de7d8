"""How many rows a table has."""

from sqlalchemy import Table, func, select

from tests.unit.flow.scripted import ScriptedGateway


def rows_in(gateway: ScriptedGateway, table: Table) -> int:
    count = select(func.count()).select_from(table)
    return gateway.parts.units.read(lambda work: work.connection.execute(count).scalar_one())
