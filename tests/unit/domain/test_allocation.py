"""How a payment fills the lines of its order, beside what other payments fill already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.invoice import LineAllocation, allocate, shared
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderStatus, PaymentAccount

ACCOUNT = PaymentAccount(iban="MD24AG000225100013104168")


def bani(minor: int) -> Money:
    return Money.from_minor(minor, "MDL")


def an_order(*due: int | None, advance: int | None = None) -> Order:
    """An order of lines L0, L1 …, each with what is due on it. `advance`: the place of a line that takes more."""
    lines = tuple(
        OrderLine(
            f"L{place}", "A thing", None if minor is None else bani(minor), ACCOUNT,
            allow_advance=True if place == advance else None,
        )
        for place, minor in enumerate(due)
    )  # fmt: skip
    total = None if None in due else bani(sum(minor or 0 for minor in due))
    return Order(ServiceId("TEST01"), OrderKey("KEY"), "Things", OrderStatus.ACTIVE, "MDL", total, lines)


def parts(order: Order, amount: int, taken: dict[str, int] | None = None) -> dict[str, int]:
    """Line ids and minor units of what `allocate` says."""
    of_lines = {line_id: bani(minor) for line_id, minor in (taken or {}).items()}
    return {each.line.line_id: each.amount.minor for each in allocate(order, bani(amount), of_lines)}


def test_lines_are_filled_in_the_order_sent():
    assert parts(an_order(60, 40), 100) == {"L0": 60, "L1": 40}
    assert parts(an_order(60, 40), 50) == {"L0": 50}


def test_what_others_pay_of_a_line_is_left_to_them():
    assert parts(an_order(60, 40), 60, {"L0": 40}) == {"L0": 20, "L1": 40}


def test_a_line_that_others_pay_whole_gets_nothing():
    assert parts(an_order(60, 40), 40, {"L0": 60}) == {"L1": 40}


def test_a_line_that_others_pay_beyond_its_due_takes_nothing_and_owes_nothing():
    assert parts(an_order(60, 40), 30, {"L0": 90}) == {"L1": 30}


def test_others_may_pay_lines_that_the_order_no_longer_has():
    assert parts(an_order(60), 60, {"L9": 25}) == {"L0": 60}


def test_more_than_the_lines_have_room_for_is_refused():
    with pytest.raises(ValueError, match="more than the order can take"):
        parts(an_order(60, 40), 61, {"L0": 40})


def test_what_is_left_goes_to_the_line_that_takes_advances():
    assert parts(an_order(60, 40, advance=1), 90, {"L0": 60}) == {"L1": 90}


def test_of_an_unknown_amount_the_first_line_takes_all():
    assert parts(an_order(None), 77, {"L0": 5}) == {"L0": 77}


def test_shares_become_allocations_of_their_lines():
    order = an_order(60, 40)
    assert shared(order, (("L1", bani(40)),)) == (LineAllocation(order.lines[1], bani(40)),)


@given(
    due=st.lists(st.integers(0, 500), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=8),
)
def test_payments_one_beside_the_other_fill_each_line_to_its_due_and_no_further(due, cuts):
    order, taken = an_order(*due), {}
    for cut in cuts:
        amount = min(cut, sum(due) - sum(taken.values()))
        if not amount:
            break
        got = parts(order, amount, taken)
        assert sum(got.values()) == amount
        assert 0 not in got.values()
        for line_id, minor in got.items():
            taken[line_id] = taken.get(line_id, 0) + minor
    assert all(taken.get(f"L{place}", 0) <= minor for place, minor in enumerate(due))
