"""CON: calls that come at the same time. The gateway has many processes, and payers have many windows."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from mpay_gateway.conformance import messages
from mpay_gateway.conformance.answer import text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun
from mpay_gateway.conformance.checks.paying import in_words, is_final
from mpay_gateway.conformance.purse import confirmation, part_of
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("concurrency")
LOOKUPS: Final = 4
"""As many calls as the gateway has under way at most, unless the registration says another number."""
ROUNDS: Final = 5
"""Answers get mixed up by chance."""
CONFIRMATIONS: Final = 4


@CHECKS.add(
    "CON-01", "Lookups at the same time are all answered", Severity.PAYMENTS,
    contract="Answers come within 5 s, 99.0 % of the time (section 8); many payers ask at once.",
    mend="Let the service serve calls in parallel; hold no lock while you look up.",
)  # fmt: skip
def many_lookups(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answers = bench.at_once([bench.look_up_with] * LOOKUPS)
    failed = [answer.summary for answer in answers if not answer.orders]
    if failed:
        yield f"{len(failed)} of {LOOKUPS}: {failed[0]}"


@CHECKS.add(
    "CON-02", "Answers are not mixed up", Severity.MONEY,
    contract="The order bears the key that was asked for (section 6).",
    mend="Keep no request in a field of the service object or in a static variable.", explained_by="LOK-04",
)  # fmt: skip
def not_mixed(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    key, unknown = bench.target.order_keys[0], bench.unknown_key()
    asked = (key, unknown) * (LOOKUPS // 2)
    for _ in range(ROUNDS):
        answers = bench.at_once([partial(bench.look_up, each) for each in asked])
        for each, answer in zip(asked, answers, strict=True):
            for order in answer.orders or ():
                if each == unknown:
                    yield f"{unknown!r} was asked for, {text(order, 'OrderKey')!r} came"
            if each == key and answer.orders == ():
                yield f"{key!r} was asked for, nothing came"
        unanswered = [answer.summary for answer in answers if answer.payload is None]
        if unanswered:
            raise NotRun(f"not every lookup was answered: {unanswered[0]}")


@CHECKS.add(
    "CON-03", "One confirmation, told several times at once, is one payment", Severity.MONEY,
    contract="Many calls with one PaymentID are one payment (section 6): a retry may overtake the call before it.",
    mend="Let the database's unique key on PaymentID decide, and answer the loser as the winner.", explained_by="IDM-02",
)  # fmt: skip
def same_at_once(bench: Bench) -> Iterator[str]:
    """The rest that is due shows how often it was counted; an order that is paid as a whole would not."""
    order = bench.purse.divisible()
    told = confirmation(bench, order, amount=part_of(order))
    answers = bench.at_once([partial(bench.confirm, told)] * CONFIRMATIONS)
    refused = [answer for answer in answers if is_final(answer)]
    if refused:
        yield f"{len(refused)} of {CONFIRMATIONS} were refused: {refused[0].summary}"
    if not any(answer.is_confirmed for answer in answers):
        yield f"none of {CONFIRMATIONS} was confirmed: {answers[0].summary}"
    after = bench.purse.now(order.key)
    if order.due is not None and after.due != order.due - told.total and not refused:
        yield f"of {order.due} {told.total} was paid once, the order is {in_words(after)}"


@CHECKS.add(
    "CON-04", "Two payments of one order at once: one is accepted", Severity.MONEY,
    contract="PaymentID identifies a payment (section 6); an order that is paid is not due any more.",
    mend="Lock the order, then look whether it is paid.", explained_by="CNF-25",
)  # fmt: skip
def two_payments(bench: Bench) -> Iterator[str]:
    bench.accepted_payment()
    order = bench.purse.rigid()
    bench.purse.spend(order, "was paid by this run")
    first = confirmation(bench, order)
    second = replace(first, payment_id=messages.new_payment_id(), invoice_id=messages.new_invoice_id())
    answers = bench.at_once([partial(bench.confirm, told) for told in (first, second)])
    silent = [answer.summary for answer in answers if answer.payload is None]
    if silent:
        raise NotRun(f"one of two was not answered: {silent[0]}")
    yes = sum(answer.is_confirmed for answer in answers)
    if yes != 1:
        yield f"{yes} of two payments were accepted: {'; '.join(answer.summary for answer in answers)}"
