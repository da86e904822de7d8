"""CNF: what the service makes of payments. Orders of `--pay-order-key` are paid here, no others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

from mpay_gateway.conformance import messages, tampering
from mpay_gateway.conformance.answer import children
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun, Way
from mpay_gateway.conformance.checks.judging import answered, is_orderly
from mpay_gateway.conformance.checks.paying import (
    in_words,
    must_change_nothing,
    must_refuse,
    not_final,
)
from mpay_gateway.conformance.messages import Confirmation, PaidLine
from mpay_gateway.conformance.purse import Payable, Purse, confirmation, part_of
from mpay_gateway.conformance.tampering import Maker
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("confirmation")
ACCEPTED = "CNF-20"
_VERIFY = "Verify the signature before you read the confirmation; write nothing before."
_COMPARE = "Compare currency, lines and amounts with the order before you store anything; answer InvalidParameter, signed."


Attack = Callable[[Bench, str], Maker]
"""Makes the message, from a confirmation that the gateway may have signed for another order."""
_UNBELIEVED: tuple[tuple[str, str, str, str, Attack], ...] = (
    ("CNF-01", "An unsigned confirmation is refused", "unsigned",
     "Only a signed message proves that money was taken (section 4).", lambda _bench, _other: tampering.unsigned),
    ("CNF-02", "A confirmation that was changed after signing is refused", "signed for another key",
     "The digest of the Body must fit (section 4).", lambda _bench, other: tampering.tampered(other)),
    ("CNF-03", "A stranger's confirmation is refused", "signed by a stranger",
     "Only the gateway's registered certificate counts (section 4).", lambda bench, _other: tampering.by(bench.stranger)),
    ("CNF-16", "An expired confirmation is refused", "that ended an hour ago",
     "The Timestamp ends after five minutes (section 4); a retry is signed anew (section 6).", lambda _bench, _other: tampering.expired),
    ("CNF-17", "A wrapped confirmation is refused", "with the signed Body moved into the header and another one in its place",
     "Data is read only from the element that was verified (section 4).", lambda _bench, other: tampering.wrapped_in_header(other)),
)  # fmt: skip


def _is_not_believed(note: str, attack: Attack, bench: Bench) -> Iterator[str]:
    order = bench.purse.whole()
    told = confirmation(bench, order)
    other = bench.telling(replace(told, order_key=messages.unknown_key()))
    yield from must_refuse(bench, order, told, Way(note, make=attack(bench, other)))


for _id, _title, _note, _contract, _attack in _UNBELIEVED:
    CHECKS.add(_id, _title, Severity.MONEY, contract=_contract, mend=_VERIFY, proved_by=ACCEPTED)(
        partial(_is_not_believed, _note, _attack)
    )


def _less(_bench: Bench, order: Payable, told: Confirmation) -> Confirmation:
    lines = (replace(told.lines[0], amount=part_of(order)),)
    if lines[0].amount >= told.total:
        raise NotRun(f"{told.total} is too little to be paid in part")
    return replace(told, lines=lines, total=lines[0].amount)


def _more(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    lines = (replace(told.lines[0], amount=told.lines[0].amount + 1), *told.lines[1:])
    return replace(told, lines=lines, total=told.total + 1)


def _other_total(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    return replace(told, total=told.total + 1)


def _other_currency(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    return replace(told, currency="USD" if told.currency != "USD" else "MDL")


def _other_line(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    return replace(told, lines=(replace(told.lines[0], line_id="NO-SUCH-LINE"), *told.lines[1:]))


def _line_twice(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    first = told.lines[0]
    return replace(told, lines=(first, *told.lines), total=told.total + first.amount)


def _below_zero(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    line = PaidLine(told.lines[0].line_id, Decimal(-1), told.lines[0].account)
    return replace(told, lines=(line,), total=Decimal(-1))


def _nothing(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    line = PaidLine(told.lines[0].line_id, Decimal(0), told.lines[0].account)
    return replace(told, lines=(line,), total=Decimal(0))


def _without_id(_bench: Bench, _order: Payable, told: Confirmation) -> Confirmation:
    return replace(told, payment_id="")


Bend = Callable[[Bench, Payable, Confirmation], Confirmation]
Which = Callable[[Purse], Payable]
_WRONG: tuple[tuple[str, str, str, Which, Bend], ...] = (
    ("CNF-04", "Less than is due is refused where parts are not allowed",
     "Without AllowPartialPayments the whole amount is paid (sections 3 and 6).", Purse.rigid, _less),
    ("CNF-05", "More than is due is refused where advance is not allowed",
     "Without AllowAdvancePayments no more than the total is paid (sections 3 and 6).", Purse.capped, _more),
    ("CNF-06", "Lines that do not add up to TotalAmount are refused",
     "TotalAmount is the sum of the lines (section 8).", Purse.whole, _other_total),
    ("CNF-07", "Another currency is refused",
     "Currency is the order's (section 2).", Purse.whole, _other_currency),
    ("CNF-08", "A line that the order does not have is refused",
     "LineID names a line of the order (section 2).", Purse.whole, _other_line),
    ("CNF-09", "A line that is told twice is refused",
     "A confirmation tells of each line once (section 2).", Purse.capped, _line_twice),
    ("CNF-10", "A negative amount is refused",
     "No negative confirmation is ever sent: refunds have no operation (section 7).", Purse.whole, _below_zero),
    ("CNF-12", "A confirmation without PaymentID is refused",
     "PaymentID identifies a payment and is required (sections 2 and 6).", Purse.whole, _without_id),
)  # fmt: skip


def _refuses(which: Which, bend: Bend, bench: Bench) -> Iterator[str]:
    order = which(bench.purse)
    yield from must_refuse(bench, order, bend(bench, order, confirmation(bench, order)))


for _id, _title, _contract, _which, _bend in _WRONG:
    CHECKS.add(_id, _title, Severity.MONEY, contract=_contract, mend=_COMPARE, proved_by=ACCEPTED)(
        partial(_refuses, _which, _bend)
    )


@CHECKS.add(
    "CNF-11", "A payment of nothing pays nothing", Severity.MONEY,
    contract="A confirmation tells of money that was taken (section 2).", mend=_COMPARE, proved_by=ACCEPTED,
)  # fmt: skip
def nothing(bench: Bench) -> Iterator[str]:
    order = bench.purse.whole()
    told = _nothing(bench, order, confirmation(bench, order))
    yield from must_change_nothing(bench, order, answered(bench.confirm(told)))


@CHECKS.add(
    "CNF-13", "An unknown order's confirmation is refused", Severity.MONEY,
    contract="ConfirmOrderPayment faults with UnknownOrder (section 5).",
    mend="Look the order up before you say yes: yes means that the payment is stored.", proved_by=ACCEPTED,
)  # fmt: skip
def unknown_order(bench: Bench) -> Iterator[str]:
    order = bench.purse.whole()
    yield from must_refuse(bench, order, _of_unknown_order(bench, order))


@CHECKS.add(
    "CNF-14", "An unknown service's confirmation is refused", Severity.MONEY,
    contract="ConfirmOrderPayment faults with UnknownService (section 5).",
    mend="Check ServiceID first.", proved_by=ACCEPTED,
)  # fmt: skip
def unknown_service(bench: Bench) -> Iterator[str]:
    order = bench.purse.whole()
    yield from must_refuse(bench, order, replace(confirmation(bench, order), service_id="NO-SUCH-SERVICE"))


@CHECKS.add(
    "CNF-15", "A refusal that is meant is signed and final", Severity.MONEY,
    contract="UnknownOrder and its like, signed, end the matter; anything else is asked again (sections 4 and 5).",
    mend="Answer UnknownOrder, signed, for an order that does not exist.", proved_by=ACCEPTED,
)  # fmt: skip
def final_refusal(bench: Bench) -> Iterator[str]:
    order = bench.purse.whole()
    answer = answered(bench.confirm(_of_unknown_order(bench, order)))
    if answer.is_confirmed:
        raise NotRun("it was confirmed: CNF-13")
    yield from not_final(bench, answer, what="for an unknown order")


def _of_unknown_order(bench: Bench, order: Payable) -> Confirmation:
    """A payment of a key that nothing is found under. Raises: NotRun: who finds an order there would pay it."""
    if bench.shown(bench.unknown_key()).orders:
        raise NotRun("an order is found under a key that nobody has: LOK-04")
    return replace(confirmation(bench, order), order_key=bench.unknown_key())


@CHECKS.add(
    "CNF-20", "A correct confirmation is accepted", Severity.PAYMENTS,
    contract="An empty ConfirmOrderPaymentResponse means: I have stored this (sections 1 and 5).",
    mend="Read members by name, PaidAt without a zone as Chisinau's, and answer the empty response.",
)  # fmt: skip
def accepted(bench: Bench) -> Iterator[str]:
    payment = bench.first_payment()
    if not payment.answer.is_confirmed:
        yield f"{payment.told.total} {payment.told.currency} for {payment.order.key!r}: {payment.answer.summary}"


@CHECKS.add(
    "CNF-21", "The yes is signed as lookups are", Severity.MONEY,
    contract="An unsigned or invalid reply to ConfirmOrderPayment never counts as confirmed (section 4).",
    mend="Sign in one place, whatever the operation.",
)  # fmt: skip
def yes_is_signed(bench: Bench) -> Iterator[str]:
    answer = bench.accepted_payment().answer
    known = {problem.flaw for problem in bench.seal(bench.found()).problems}
    yield from (problem.detail for problem in bench.seal(answer).problems if problem.flaw not in known)


@CHECKS.add(
    "CNF-22", "The yes is empty", Severity.INTEROPERABILITY,
    contract="ConfirmOrderPaymentResponse has no members (section 1).",
    mend="Make the operation void.",
)  # fmt: skip
def yes_is_empty(bench: Bench) -> Iterator[str]:
    payload = bench.accepted_payment().answer.payload
    assert payload is not None
    if children(payload):
        yield f"it has {len(children(payload))} members"


@CHECKS.add(
    "CNF-23", "A paid order is no longer due", Severity.MONEY,
    contract="The latest answer of GetOrderDetails counts (section 6): an order that is due again is paid again.",
    mend="Store the payment and its effect on the order in one transaction, before you answer.",
)  # fmt: skip
def is_paid(bench: Bench) -> Iterator[str]:
    payment = bench.accepted_payment()
    answer = answered(bench.look_up(payment.order.key))
    if answer.orders is None and (answer.fault is None or not is_orderly(answer)):
        raise NotRun(f"how the order stands was not answered: {answer.summary}")
    after = bench.purse.now(payment.order.key) if answer.orders else None
    if after is not None and after.is_open:
        yield f"after {payment.told.total} was paid the order is {in_words(after)}"


@CHECKS.add(
    "CNF-24", "The same confirmation again gets the same yes", Severity.MONEY,
    contract="Both operations are idempotent: a retry carries the same PaymentID and content, signed anew (section 6).",
    mend="Look PaymentID up first; when it is stored with this content, answer yes and do nothing.",
)  # fmt: skip
def repeated(bench: Bench) -> Iterator[str]:
    payment = bench.accepted_payment()
    answer = bench.confirm(payment.told, Way("once more"))
    if not answer.is_confirmed:
        yield f"the second time: {answer.summary}"


@CHECKS.add(
    "CNF-25", "A second payment of a paid order is refused", Severity.MONEY,
    contract="PaymentID identifies a payment (section 6): another one for an order that is paid is money that belongs to the payer.",
    mend="Answer InvoiceAlreadyPaid or InvalidParameter, signed: then the money goes back.",
)  # fmt: skip
def second_payment(bench: Bench) -> Iterator[str]:
    payment = bench.accepted_payment()
    if payment.order.in_advance:
        raise NotRun("the order takes advance payments")
    told = replace(payment.told, payment_id=messages.new_payment_id(), invoice_id=messages.new_invoice_id())
    answer = answered(bench.confirm(told))
    if answer.is_confirmed:
        yield "a second PaymentID for the same order was confirmed"
