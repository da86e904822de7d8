"""What a provider has left without an answer for so long that people may end it: it may never give one."""

from datetime import timedelta

from mpay_gateway.storage import Work

SILENT = timedelta(days=30)
"""As long as payments are asked about."""
_BEGUN_BY = {"create", "release", "override", "retry"}


def silent_for_long(work: Work, payment_id: str, subject: str) -> bool:
    """Whether so long has passed since it was last decided to ask for `subject` under its key.

    `subject`: an intent, a reversal or a refund of the payment.
    """
    rows = work.audit.of_payment(payment_id)
    begun = max(row.at for row in rows if row.subject == subject and row.event in _BEGUN_BY)
    return work.clock.now() - begun >= SILENT
