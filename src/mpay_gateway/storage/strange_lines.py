"""Lines of statements that are not posted, and that a person has to look at."""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.bank_statement import POSTED, LineOutcome
from mpay_gateway.storage.bank_statements import StoredLine, direction_of, stored_line
from mpay_gateway.storage.dismissals import is_dismissed
from mpay_gateway.storage.tables import statement_lines


def strange_lines(connection: Connection, limit: int) -> tuple[StoredLine, ...]:
    """Of all accounts and days, the oldest first: lines of nothing of ours, and those that only share an id with ours.

    A line about a transaction that is posted may be told again; where it says something else, a bank may have given two
    payers' money one id. What two operators dismissed is none of them.
    """
    c = statement_lines.c
    strange = or_(c.outcome == LineOutcome.UNKNOWN, and_(c.outcome == LineOutcome.DUPLICATE, ~_told_again()))
    query = select(statement_lines).where(strange, ~is_dismissed(c)).order_by(c.at, c.id).limit(limit)
    return tuple(stored_line(row) for row in connection.execute(query))


def _told_again() -> ColumnElement[bool]:
    """Whether a posted line says the same of the same movement: for whom, how much, and when.

    A day's movement may have an hour in one file and none in another, and the next day's statement may repeat it.
    """
    c, posted = statement_lines.c, statement_lines.alias("posted").c
    return exists().where(
        posted.account_id == c.account_id, posted.transaction_id == c.transaction_id,
        direction_of(posted.gross_minor) == direction_of(c.gross_minor), posted.outcome.in_(POSTED),
        posted.reference == c.reference, posted.gross_minor == c.gross_minor, posted.fee_minor == c.fee_minor,
        posted.currency == c.currency, or_(posted.day == c.day, posted.at == c.at),
    )  # fmt: skip
