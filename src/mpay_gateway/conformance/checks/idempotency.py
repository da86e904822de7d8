"""IDM: what is told twice happens once."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from mpay_gateway.conformance.answer import text
from mpay_gateway.conformance.bench import Bench, Payment
from mpay_gateway.conformance.caller import NotRun, Way
from mpay_gateway.conformance.checks.paying import answered, in_words
from mpay_gateway.conformance.messages import Confirmation
from mpay_gateway.conformance.purse import part_of
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("idempotency")
_CENT = Decimal("0.01")
_TIMES = 3


@CHECKS.add(
    "IDM-01", "The same lookup again says the same", Severity.MONEY,
    contract="GetOrderDetails is idempotent: to ask changes nothing (section 6).",
    mend="Let GetOrderDetails read only; reserve, number and log elsewhere.",
)  # fmt: skip
def lookups(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    seen = []
    for _ in range(_TIMES):
        orders = bench.look_up_with().orders or ()
        seen.append(
            [(text(each, "OrderKey"), text(each, "TotalAmountDue"), text(each, "Status")) for each in orders]
        )
    if any(each != seen[0] for each in seen):
        yield f"{_TIMES} lookups said {'; '.join(map(str, seen))}"


@CHECKS.add(
    "IDM-02", "The same confirmation again is counted once", Severity.MONEY,
    contract="Many calls with one PaymentID are one payment (section 6): the gateway repeats until it hears a yes.",
    mend="Make PaymentID unique in your payments and insert it in the transaction that changes the order.",
)  # fmt: skip
def counted_once(bench: Bench) -> Iterator[str]:
    payment = _payment(bench)
    before = bench.purse.now(payment.order.key)
    for _ in range(2):
        bench.confirm(payment.told, Way("once more"))
    after = bench.purse.now(payment.order.key)
    if after.position != before.position:
        yield f"before the repetitions the order was {in_words(before)}, after them {in_words(after)}"


@CHECKS.add(
    "IDM-03", "Another content under a known PaymentID changes nothing", Severity.MONEY,
    contract="PaymentID identifies a payment; a retry has the same content (section 6).",
    mend="Store the content beside PaymentID and compare.",
)  # fmt: skip
def contradicted(bench: Bench) -> Iterator[str]:
    payment = _payment(bench)
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
    order = bench.purse.divisible()
    first = bench.pay_part(order, part_of(order))
    bench.pay_part(order, part_of(order))
    before = bench.purse.now(order.key)
    answer = bench.confirm(first.told, Way("once more, after another payment"))
    after = bench.purse.now(order.key)
    if not answer.is_confirmed:
        yield f"the first payment, once more: {answer.summary}"
    if after.position != before.position:
        yield f"the order went from {in_words(before)} to {in_words(after)}"


def _payment(bench: Bench) -> Payment:
    """A part payment, where an order allows it: its rest shows each counting. Else the whole payment."""
    try:
        order = bench.purse.divisible()
    except NotRun:
        return bench.accepted_payment()
    return bench.pay_part(order, part_of(order))


def _other_content(told: Confirmation) -> Confirmation:
    first = told.lines[0]
    lines = (replace(first, amount=first.amount + _CENT), *told.lines[1:])
    return replace(told, lines=lines, total=told.total + _CENT)
