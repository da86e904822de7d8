"""What is under way beside the tasks that bring it to its end: streamed questions to the whole database."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from mpay_gateway.domain.decision import Act, DecisionState
from mpay_gateway.domain.payment import DeliveryState, IntentState, PaymentState, ReversalState
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.storage.inbox import InboxState
from mpay_gateway.storage.questions import Doubt, Questions
from mpay_gateway.storage.tables import (
    capture_intents,
    decisions,
    deliveries,
    inbox,
    payments,
    refunds,
    reversals,
    tasks,
)
from mpay_gateway.storage.tasks import TaskKind

_ASKED_ABOUT = (PaymentState.STARTED, PaymentState.AUTHORISED)


def _rests(kind: TaskKind, subject: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether no worker will ever come: there is no such task, or it is not due at all."""
    t = tasks.c
    return ~exists().where(t.kind == kind, t.subject == subject, t.due.is_not(None))


def _ended(payment_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether two operators ended the payment, and it is over since: nobody comes to what it held any more."""
    by_people = exists().where(
        decisions.c.payment_id == payment_id, decisions.c.act == Act.END,
        decisions.c.state == DecisionState.APPROVED,
    )  # fmt: skip
    return by_people & exists().where(payments.c.id == payment_id, payments.c.state.not_in(_ASKED_ABOUT))


_D, _R, _F, _I, _P, _C = deliveries.c, reversals.c, refunds.c, capture_intents.c, payments.c, inbox.c
_UNTOLD = (DeliveryState.DUE, DeliveryState.LEASED)
_UNDER_WAY: tuple[tuple[str, ColumnElement[Any], tuple[ColumnElement[bool], ...]], ...] = (
    ("a confirmation", _D.payment_id, (_D.state.in_(_UNTOLD), _rests(TaskKind.DELIVER, _D.id))),
    ("a reversal", _R.payment_id,
     (_R.state == ReversalState.DUE, _R.capture_id.is_not(None), _rests(TaskKind.REVERSE, _R.id))),
    ("the void of a hold", _R.payment_id,
     (_R.state == ReversalState.DUE, _R.capture_id.is_(None), _rests(TaskKind.FINISH, _R.payment_id),
      ~_ended(_R.payment_id))),
    ("the capture of a hold", _I.payment_id,
     (_I.state == IntentState.DUE, _rests(TaskKind.FINISH, _I.payment_id), ~_ended(_I.payment_id))),
    ("a refund", _F.payment_id,
     (_F.state == RefundState.DUE, _F.released_at.is_not(None), _rests(TaskKind.REFUND, _F.id))),
    ("a question to its provider", _P.id,
     (_P.state.in_(_ASKED_ABOUT), _P.next_check_at.is_not(None), _rests(TaskKind.RECHECK, _P.id))),
    ("the end of its claim", _P.id, (_P.state == PaymentState.CREATED, _rests(TaskKind.EXPIRE, _P.id))),
    ("a callback", _C.payment_id,
     (_C.state == InboxState.NEW, _C.payment_id.is_not(None), _rests(TaskKind.RECHECK, _C.payment_id))),
)  # fmt: skip
"""What waits for a worker, whose it is, and how a row that waits for nobody is found.

Not what waits for people: a refund that its service does not release, a payment that nobody is asked about any more.
"""


class TaskBooks(Questions):
    """Rows that are under way, and the one table that workers claim from."""

    def abandoned(self) -> Iterator[Doubt]:
        """Payments of which something is under way that no worker will ever come to."""
        for what, payment_id, waits in _UNDER_WAY:
            query = select(payment_id.label("payment_id")).where(*waits, self._recent(payment_id))
            for row in self._stream(query):
                yield Doubt(row.payment_id, f"{what} is under way, and no task of it is due")
