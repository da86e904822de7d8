"""IDM: what is told twice happens once."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from mpay_gateway.conformance.answer import Answer, text
from mpay_gateway.conformance.bench import Bench, Payment
from mpay_gateway.conformance.caller import NotRun, Way
from mpay_gateway.conformance.checks.judging import answered
from mpay_gateway.conformance.checks.paying import in_words
from mpay_gateway.conformance.messages import Confirmation
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("idempotency")
_CENT = Decimal("0.01")
_TIMES = 5
"""Of so many lookups one may fall on the moment in which an amount changes; two may not."""


@CHECKS.add(
    "IDM-01", "To look an order up does not change it", Severity.MONEY,
    contract="GetOrderDetails is idempotent: the amount may change with time, not by being asked for (section 6).",
    mend="Let GetOrderDetails read only; reserve, number and log elsewhere.",
)  # fmt: skip
def lookups(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    seen = [_shown(bench.look_up_with()) for _ in range(_TIMES)]
    changes = sum(before != after for before, after in pairwise(seen))
    if changes > 1:
        yield f"{_TIMES} lookups in a row said {'; '.join(seen)}"


def _shown(answer: Answer) -> str:
    if not answer.orders:
        raise NotRun(f"a further lookup was not answered: {answer.summary}")
    members = ("OrderKey", "TotalAmountDue", "Status")
    return ", ".join(" ".join(text(each, name) or "-" for name in members) for each in answer.orders)


@CHECKS.add(
    "IDM-02", "The same confirmation again is counted once", Severity.MONEY,
    contract="Many calls with one PaymentID are one payment (section 6): the gateway repeats until it hears a yes.",
    mend="Make PaymentID unique in your payments and insert it in the transaction that changes the order.",
)  # fmt: skip
def counted_once(bench: Bench) -> Iterator[str]:
    """The rest that is due shows each counting; an order that is paid as a whole would show none."""
    payment = bench.latest_part()
    before = bench.purse.now(payment.order.key)
    for _ in range(2):
        answered(bench.confirm(payment.told, Way("once more")))
    after = bench.purse.now(payment.order.key)
    if after.position != before.position:
        yield f"before the repetitions the order was {in_words(before)}, after them {in_words(after)}"


@CHECKS.add(
    "IDM-03", "Another content under a known PaymentID changes nothing", Severity.MONEY,
    contract="PaymentID identifies a payment; a retry has the same content (section 6).",
    mend="Store the content beside PaymentID and compare.",
)  # fmt: skip
def contradicted(bench: Bench) -> Iterator[str]:
    payment = bench.latest_part()
    before = bench.purse.now(payment.order.key)
    answered(bench.confirm(_other_content(payment.told), Way("with another amount under the same PaymentID")))
    after = bench.purse.now(payment.order.key)
    if after.position != before.position:
        yield f"the order went from {in_words(before)} to {in_words(after)}"


@CHECKS.add(
    "IDM-04", "Another content under a known PaymentID is refused", Severity.ADVICE,
    contract="PaymentID identifies a payment; a retry has the same content (section 6).",
    mend="Answer InvalidParameter: somebody has to look at it.",
)  # fmt: skip
def contradiction_refused(bench: Bench) -> Iterator[str]:
    payment = _payment(bench)
    answer = answered(
        bench.confirm(_other_content(payment.told), Way("with another amount under the same PaymentID"))
    )
    if answer.is_confirmed:
        yield "another amount under the same PaymentID was confirmed"


@CHECKS.add(
    "IDM-05", "An earlier confirmation is still known after later ones", Severity.MONEY,
    contract="A confirmation is repeated until it is answered, whatever came between (section 6).",
    mend="Keep every PaymentID, not only the last one.", explained_by="IDM-02",
)  # fmt: skip
def remembered(bench: Bench) -> Iterator[str]:
    first = bench.latest_part()
    second = bench.tell_part()
    if not second.answer.is_confirmed:
        raise NotRun(f"a second part payment was not accepted: {second.answer.summary}")
    before = bench.purse.now(first.order.key)
    answer = answered(bench.confirm(first.told, Way("once more, after another payment")))
    after = bench.purse.now(first.order.key)
    if not answer.is_confirmed:
        yield f"the first payment, once more: {answer.summary}"
    if after.position != before.position:
        yield f"the order went from {in_words(before)} to {in_words(after)}"


def _payment(bench: Bench) -> Payment:
    """A payment that was accepted. Raises: NotRun."""
    try:
        return bench.latest_part()
    except NotRun:
        return bench.accepted_payment()


def _other_content(told: Confirmation) -> Confirmation:
    first = told.lines[0]
    lines = (replace(first, amount=first.amount + _CENT), *told.lines[1:])
    return replace(told, lines=lines, total=told.total + _CENT)
