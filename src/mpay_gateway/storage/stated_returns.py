"""Money that went back, as statements have it: which reversal or refund of ours a line is about, and what is left."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import ReversalState
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.storage.bank_statements import Match
from mpay_gateway.storage.tables import captures, refunds, reversals, statement_lines


class StatedReturns:
    """What lines of statements say went back of payments."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reversal_of(self, payment_id: str, amount: Money) -> Match | None:
        """The oldest reversal of ours, or part that its provider told us of, of just this amount, without a line.

        Not one that was refused whole.
        """
        c, line = reversals.c, statement_lines.c.reversal_id
        whole = and_(c.state != ReversalState.REFUSED, c.amount_minor == amount.minor)
        return self._reversal(payment_id, amount, or_(whole, c.returned_minor == amount.minor), line=line)

    def refused_of(self, payment_id: str, amount: Money) -> Match | None:
        """The oldest that was refused, whose capture is of just this amount, without a line."""
        c, line = reversals.c, statement_lines.c.reversal_id
        refused = and_(c.state == ReversalState.REFUSED, c.returned_minor == 0)
        return self._reversal(payment_id, amount, refused, captures.c.amount_minor == amount.minor, line=line)

    def rest_of(self, payment_id: str, amount: Money) -> Match | None:
        """The oldest of which a part went back on our word, and just this amount is left, without a line of that."""
        c, line = reversals.c, statement_lines.c.rest_of_id
        left = captures.c.amount_minor - c.returned_minor
        parted = and_(c.returned_minor > 0, c.state != ReversalState.DUE, left > 0)
        return self._reversal(payment_id, amount, parted, left == amount.minor, line=line)

    def _reversal(
        self, payment_id: str, amount: Money, *which: ColumnElement[bool], line: ColumnElement[Any]
    ) -> Match | None:
        c = reversals.c
        row = self._connection.execute(
            select(c.payment_id, c.id, c.amount_minor, c.currency)
            .join_from(reversals, captures, captures.c.id == c.capture_id)
            .where(
                c.payment_id == payment_id,
                c.currency == amount.currency,
                *which,
                ~exists().where(line == c.id),
            )
            .order_by(c.created_at, c.id)
            .limit(1)
        ).first()
        return None if row is None else Match.of_row(row)

    def refund_of(self, payment_id: str, amount: Money, *, refused_too: bool = False) -> Match | None:
        """The oldest refund on our word of just so much that no line is about yet, unless it was refused."""
        c, taken = refunds.c, statement_lines.c.refund_id
        returned = or_(
            and_(c.state == RefundState.REFUSED, c.returned_minor == amount.minor),
            and_(c.attempts > 0, c.returned_minor == 0, c.amount_minor == amount.minor)
            if refused_too
            else false(),
            and_(c.state != RefundState.REFUSED, c.released_at.is_not(None), c.amount_minor == amount.minor),
        )
        row = self._connection.execute(
            select(c.payment_id, c.id, c.amount_minor, c.currency)
            .where(
                c.payment_id == payment_id, c.ground != RefundGround.BY_PROVIDER, c.currency == amount.currency,
                returned, ~exists().where(taken == c.id),
            )
            .order_by(c.created_at, c.id)
            .limit(1)
        ).first()  # fmt: skip
        return None if row is None else Match.of_row(row)

    def names_reversal(self, reversal_id: str) -> bool:
        """Whether a posted line is about the reversal, other than of what was left of it."""
        return self._given_back(statement_lines.c.reversal_id == reversal_id)

    def names_refund(self, refund_id: str) -> bool:
        """The same of a refund."""
        return self._given_back(statement_lines.c.refund_id == refund_id)

    def _given_back(self, of: ColumnElement[bool]) -> bool:
        posted = statement_lines.c.outcome == LineOutcome.GIVEN_BACK
        return bool(self._connection.execute(select(exists().where(of, posted))).scalar_one())

    def charged_back(self, payment_id: str, currency: str) -> Money:
        """What posted lines say that the provider took back of the payment by itself."""
        c = statement_lines.c
        of_payment = (c.payment_id == payment_id, c.currency == currency)
        back = self._sum(c.gross_minor, *of_payment, c.outcome == LineOutcome.CHARGED_BACK)
        return Money.from_minor(-back, currency)

    def left_of(self, payment_id: str, currency: str) -> Money:
        """What was captured for the payment, less what its posted lines say went back."""
        c, own = captures.c, statement_lines.c
        taken = self._sum(c.amount_minor, c.payment_id == payment_id, c.currency == currency)
        back = self._sum(
            own.gross_minor, own.payment_id == payment_id, own.currency == currency, own.gross_minor < 0,
            own.outcome.in_([LineOutcome.GIVEN_BACK, LineOutcome.CHARGED_BACK]),
        )  # fmt: skip
        return Money.from_minor(taken + back, currency)

    def _sum(self, column: Any, *which: Any) -> int:
        return int(
            self._connection.execute(select(func.coalesce(func.sum(column), 0)).where(*which)).scalar_one()
        )
