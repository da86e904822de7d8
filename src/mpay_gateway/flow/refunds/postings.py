"""Books: who bears money that went back after its service knew.

The provider owes us less by it: Cr `receivable`. Against that, what two operators or the service asked for is borne
by the beneficiaries, line by line in the order in which the payment was posted: Dr `payable` while that line was not
paid out, else Dr `refunds:<service>:<IBAN>`, which the beneficiary owes us. What the provider took by itself nobody
bears before people have decided: Dr `refunds`.
"""

from collections import Counter
from datetime import datetime

from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.refund import Refund, RefundGround
from mpay_gateway.storage import Work
from mpay_gateway.storage.ledger import REFUND_POSTING, REFUNDS, Entry, owed_back, receivable


def book_refund(work: Work, refund: Refund, payment: Payment, *, at: datetime) -> None:
    """Post what came back of the refund, if anything did. The payment is locked."""
    if not refund.returned:
        return
    borne = _unborne(refund) if refund.ground is RefundGround.BY_PROVIDER else _borne(work, refund)
    entries = (*borne, Entry.credit(receivable(payment.account_id), refund.returned))
    work.ledger.post(REFUND_POSTING, refund.id, entries, payment_id=payment.id, at=at)


def _unborne(refund: Refund) -> tuple[Entry, ...]:
    return (Entry.debit(REFUNDS, refund.returned),)


def _borne(work: Work, refund: Refund) -> tuple[Entry, ...]:
    """The shares of the beneficiaries; what a provider gives back beyond all that they got stays on `refunds`."""
    work.settlements.hold_off()
    left, shares = refund.returned, []
    paid_out = work.settlements.accounts_paid(refund.capture_id)
    for account, most in _still_theirs(work, refund):
        share = min(most, left)
        if share:
            shares.append(Entry.debit(owed_back(account) if account in paid_out else account, share))
            left = left - share
    return (*shares, Entry.debit(REFUNDS, left)) if left else tuple(shares)


def _still_theirs(work: Work, refund: Refund) -> list[tuple[str, Money]]:
    """Each account that the capture is owed to, with what of it no earlier refund took."""
    currency = refund.amount.currency
    gone: Counter[str] = Counter()
    for earlier in work.refunds.of_payment(refund.payment_id):
        for entry in work.ledger.entries_of(REFUND_POSTING, earlier.id):
            gone[entry.account] += entry.amount.minor
    theirs: Counter[str] = Counter()
    for entry in work.ledger.owed_of(refund.capture_id):
        theirs[entry.account] -= entry.amount.minor
    return [
        (account, Money.from_minor(minor - gone[account] - gone[owed_back(account)], currency))
        for account, minor in theirs.items()
    ]
