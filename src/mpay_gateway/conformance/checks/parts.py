"""CNF-30 onwards: part payments, forms of a confirmation that occur, and payments that come late."""

from collections.abc import Iterator
from dataclasses import replace

from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.checks.judging import answered
from mpay_gateway.conformance.checks.paying import in_words, not_final
from mpay_gateway.conformance.messages import Confirmation
from mpay_gateway.conformance.purse import confirmation
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("confirmation")


@CHECKS.add(
    "CNF-30", "A part is accepted where parts are allowed", Severity.PAYMENTS,
    contract="With AllowPartialPayments the payer names the amount (section 3).",
    mend="Take any amount up to what is due.",
)  # fmt: skip
def part_accepted(bench: Bench) -> Iterator[str]:
    payment = bench.tell_part()
    if not payment.answer.is_confirmed:
        yield f"{payment.told.total} of {payment.order.due}: {payment.answer.summary}"


@CHECKS.add(
    "CNF-31", "After a part the rest is due", Severity.MONEY,
    contract="With partial payments the service returns only the remaining amount at the next lookup (section 6).",
    mend="Subtract what was paid from TotalAmountDue and from the lines.",
)  # fmt: skip
def rest_is_due(bench: Bench) -> Iterator[str]:
    payment = bench.latest_part()
    order, amount = payment.order, payment.told.total
    after = bench.purse.now(order.key)
    if order.due is not None and after.due != order.due - amount:
        yield f"of {order.due} {amount} was paid, the order is {in_words(after)}"


@CHECKS.add(
    "CNF-32", "An empty DestinationAccount is accepted", Severity.PAYMENTS,
    contract="The guide's own sample sends DestinationAccount empty and the account as a property, Cont beneficiar (section 3).",
    mend="Do not read the account from the confirmation: you know it from your order.",
)  # fmt: skip
def empty_account(bench: Bench) -> Iterator[str]:
    account = ("Cont beneficiar", "MD24AG000225100013104168")

    def without_account(told: Confirmation) -> Confirmation:
        lines = tuple(replace(line, account=()) for line in told.lines)
        return replace(told, lines=lines, properties=(*told.properties, account))

    answer = bench.tell_part(without_account).answer
    if not answer.is_confirmed:
        yield f"with an empty DestinationAccount: {answer.summary}"


@CHECKS.add(
    "CNF-33", "Properties that are not known are passed over", Severity.PAYMENTS,
    contract="Order-level properties come back with the prefix HO:, and the gateway adds its own (section 3).",
    mend="Read the properties that you need by name and pass over the others.",
)  # fmt: skip
def more_properties(bench: Bench) -> Iterator[str]:
    more = (("HO:Telephone", "069002233"), ("HO:Date", "10.07.2025"), ("Achitat de", "Țurcanu Ștefan, Юлия"))
    answer = bench.tell_part(lambda told: replace(told, properties=(*told.properties, *more))).answer
    if not answer.is_confirmed:
        yield f"with further properties: {answer.summary}"


@CHECKS.add(
    "CNF-34", "A late payment gets a yes or a final no", Severity.MONEY,
    contract="An expired order may be confirmed after its due date: the money was taken. Refused for ever it needs a way out (section 9).",
    mend="Take the money, or answer InvoiceExpired, signed: then it goes back. InternalError leaves it hanging.",
)  # fmt: skip
def late(bench: Bench) -> Iterator[str]:
    order = bench.purse.expired()
    bench.purse.spend(order, "was paid late by this run")
    answer = answered(bench.confirm(confirmation(bench, order)))
    if not answer.is_confirmed:
        yield from not_final(bench, answer, what="for an expired order")
