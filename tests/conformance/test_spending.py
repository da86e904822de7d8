"""What a run pays: no more than its checks need, no order but those that may be paid, and all of it is said."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from eservice_kit import PaymentConfirmation
from mpay_gateway.conformance import CATALOGUE, Report, Status
from mpay_gateway.conformance.reports import html_report, text_report
from tests.conformance import books
from tests.conformance.bench import Host, judge
from tests.conformance.faults.shaping import C, each, set_text
from tests.conformance.service import Call, Element, Reply, Service


def watched(service: Service) -> list[PaymentConfirmation]:
    """Every payment that the shop took, as it takes them."""
    taken: list[PaymentConfirmation] = []
    take = service.books.take

    def take_and_tell(told: PaymentConfirmation) -> None:
        taken.append(told)
        take(told)

    service.books.take = take_and_tell  # type: ignore[method-assign]
    return taken


def results(report: Report) -> dict[str, tuple[Status, str]]:
    return {each.check.id: (each.status, each.detail) for each in report.results}


def test_a_run_says_all_that_it_paid_and_pays_no_more_than_it_needs(host: Host) -> None:
    service = host.service("spending")
    taken = watched(service)
    report = judge(host, service)
    said = {(each.order_key, each.payment_id, each.amount, each.currency) for each in report.spendings}
    assert said == {(told.order_key, told.payment_id, told.total, told.currency) for told in taken}
    assert all(spending.is_certain for spending in report.spendings)
    whole = [told for told in taken if told.order_key != books.PARTS]
    assert [told.total for told in whole] == [Decimal(200)] * 3, "one, a late one, and one of two at once"
    parts = sum((told.total for told in taken if told.order_key == books.PARTS), Decimal(0))
    assert len(taken) - len(whole) == 5
    assert parts < Decimal(60)
    lines = list(text_report(report))
    assert f"  {report.spendings[0]}" in lines
    assert all(str(spending) in html_report(report) for spending in report.spendings)


def test_a_payment_that_nobody_answered_is_said_to_be_uncertain(host: Host) -> None:
    service = host.service("unanswered")
    service.replies.append(
        lambda call, reply: (
            replace(reply, headers=reply.headers | {"Content-Length": "99999"})
            if call.operation == "confirm"
            else reply
        )
    )
    report = judge(host, service, [check for check in CATALOGUE if check.id == "CNF-20"])
    assert [spending.is_certain for spending in report.spendings] == [False]
    assert "it may have been taken" in "\n".join(text_report(report))


def no_order_but_the_asked(service: Service) -> None:
    """The shop answers with another order than was asked for."""
    service.books.find = lambda key: books.READ if key in service.books.orders else None


def everything_is_found(service: Service) -> None:
    """Whatever key is asked for, and paid, it is the order that must not be paid."""
    service.books.find = lambda key: key if key in service.books.orders else books.READ
    check, take = service.books.check, service.books.take

    def known(told: PaymentConfirmation) -> PaymentConfirmation:
        return told if told.order_key in service.books.orders else replace(told, order_key=books.READ)

    service.books.check = lambda told: check(known(told))  # type: ignore[method-assign]
    service.books.take = lambda told: take(known(told))  # type: ignore[method-assign]


@pytest.mark.parametrize("bend", [no_order_but_the_asked, everything_is_found])
def test_an_order_that_is_only_read_is_never_paid(host: Host, bend: Callable[[Service], None]) -> None:
    service = host.service(bend.__name__)
    bend(service)
    asked: list[bytes] = []
    service.intercept = lambda call: asked.append(call.body)  # type: ignore[func-returns-value]
    judge(host, service)
    assert service.books.orders[books.READ].payments == []
    if bend is no_order_but_the_asked:
        assert not any(b"<ConfirmOrderPayment" in body for body in asked)


def test_one_key_that_cannot_be_paid_does_not_keep_the_others_from_it(host: Host) -> None:
    service = host.service("one-bad-key")
    each("OrderKey", lambda key: set_text("X")(key) if key.text == books.RIGID[0] else None)(service)
    found = results(judge(host, service, [each for each in CATALOGUE if each.id in ("CNF-20", "LOK-02")]))
    assert found["CNF-20"][0] is Status.PASSED
    assert found["LOK-02"][0] is Status.FAILED


def with_pay_keys(host: Host, service: Service, *keys: str) -> dict[str, tuple[Status, str]]:
    return results(judge(host, service, CATALOGUE, replace(host.target(service), pay_order_keys=keys)))


def test_what_a_whole_payment_cannot_show_is_not_passed(host: Host) -> None:
    """Whether one payment was counted twice is not seen on an order that is paid at once."""
    found = with_pay_keys(host, host.service("rigid-only"), *books.RIGID)
    for identifier in ("IDM-02", "IDM-03", "IDM-05", "CON-03", "CNF-30", "CNF-34"):
        assert found[identifier][0] is Status.NOT_RUN, identifier
    assert found["IDM-04"][0] is found["CON-04"][0] is Status.PASSED


def test_more_than_is_due_may_be_paid_where_advance_is_allowed(host: Host) -> None:
    service = host.service("in-advance")
    each("AllowAdvancePayments", set_text("true"))(service)
    service.books.lax |= {"more", "twice"}
    found = with_pay_keys(host, service, books.PARTS)
    assert found["CNF-05"] == (Status.NOT_RUN, "PARTS-1 takes more than is due: AllowAdvancePayments")
    assert found["CNF-09"][0] is Status.NOT_RUN


def test_an_order_of_one_ban_cannot_be_paid_in_part(host: Host) -> None:
    service = host.service("one-ban")
    service.books.orders[books.RIGID[0]].due = [Decimal("0.01")]
    found = with_pay_keys(host, service, books.RIGID[0])
    assert found["CNF-04"] == (Status.NOT_RUN, "0.01 is too little to be paid in part")


def test_a_line_of_nothing_is_passed_over(host: Host) -> None:
    service = host.service("free-line")
    service.books.orders[books.PARTS].due = [Decimal(0), Decimal("200.00")]
    found = with_pay_keys(host, service, books.RIGID[0], books.PARTS)
    assert found["CNF-31"][0] is Status.PASSED


def test_a_total_without_amounts_of_lines_is_the_first_lines(host: Host) -> None:
    service = host.service("total-alone")

    def remove(order: Element) -> None:
        for line in order.iter(C("OrderLine")):
            for amount in line.findall(C("AmountDue")):
                line.remove(amount)

    each("OrderDetails", remove)(service)
    taken: list[bytes] = []

    def intercept(call: Call) -> Reply | None:
        if call.operation == "confirm":
            taken.append(call.body)
        return None

    service.intercept = intercept
    judge(host, service, [each for each in CATALOGUE if each.id == "CNF-20"])
    assert b"<Amount>200.00</Amount>" in taken[0]
    assert taken[0].count(b"<PaymentConfirmationLine>") == 1
