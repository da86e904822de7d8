"""Accounts whose provider can be asked what became of a payment.

Of money of other accounts their statements tell, or whoever brought it.
"""

from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind


def can_be_asked(parts: Parts, account_id: AccountId) -> bool:
    account = parts.registry.accounts.get(account_id)
    return account is not None and account.confirms is Confirms.PULL


def ask_soon(parts: Parts, work: Work, payment: Payment) -> None:
    """Have a worker ask at once, where that can be: what we were told last may not be all. The payment is locked."""
    if can_be_asked(parts, payment.account_id):
        work.tasks.hurry(TaskKind.RECHECK, payment.id, parts.clock.now())
