"""What the checks of payments share: confirmations that must be refused, and how an order stands after them."""

from collections.abc import Iterator

from mpay_gateway.conformance import schema
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import PLAIN, Way
from mpay_gateway.conformance.checks.judging import answered
from mpay_gateway.conformance.checks.lookup import of_unknown_service
from mpay_gateway.conformance.messages import Confirmation
from mpay_gateway.conformance.purse import Payable
from mpay_gateway.conformance.seal import Flaw


def must_refuse(bench: Bench, order: Payable, told: Confirmation, way: Way = PLAIN) -> Iterator[str]:
    """Tell of a payment that is none, and see that it is neither said nor done. Raises: NotRun without an answer."""
    answer = answered(bench.confirm(told, way))
    if answer.is_confirmed:
        bench.purse.spend(order, "was changed by what should have been refused")
        yield f"it was confirmed: {told.total} {told.currency} for {told.order_key!r}"
        return
    yield from must_change_nothing(bench, order, answer)


def must_change_nothing(bench: Bench, order: Payable, answer: Answer) -> Iterator[str]:
    """See that the order stands as before. Raises: NotRun when that is not answered."""
    after = bench.purse.now(order.key)
    if after.position != order.position:
        bench.purse.spend(order, "was changed by what should have been refused")
        yield f"{answer.summary} was the answer, and yet the order went from {in_words(order)} to {in_words(after)}"


def is_final(answer: Answer) -> bool:
    """Whether a fault says that the money will never be taken."""
    return answer.fault is not None and answer.fault.code in schema.FINAL_FAULTS


def in_words(order: Payable) -> str:
    return f"{order.status} with {order.due} due"


def not_final(bench: Bench, answer: Answer, *, what: str) -> Iterator[str]:
    """What keeps a refusal from ending the matter. Unsigned faults are FLT-06's, unless others are signed."""
    if not is_final(answer):
        yield f"{what}: {answer.summary}"
        return
    other = of_unknown_service(bench)
    others_are_signed = other.fault is not None and not bench.seal(other).has(Flaw.NOT_SIGNED)
    if others_are_signed and bench.seal(answer).has(Flaw.NOT_SIGNED):
        yield f"the refusal is not signed: {answer.summary}"
