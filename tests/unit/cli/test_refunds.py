"""`mpay refund`: proposed by one operator, approved by another, followed to its end."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.flow.settling import settle
from tests.unit.flow.refunding_scene import open_refund
from tests.unit.flow.scripted import lei


@pytest.fixture
def tokens(run, gateway, monkeypatch):
    """Run a command as an operator."""
    known = {name: run("operator", "add", name).out.strip() for name in ("ana", "ion")}

    def call(name, *arguments):
        monkeypatch.setenv("MPAY_OPERATOR_TOKEN", known[name])
        return run(*arguments, "--operator", name)

    return call


@pytest.fixture
def paid(gateway):
    return gateway.pay("ORDER-1")


def work(gateway, **by):
    """Let a worker do what is due; commands live by the machine's clock."""
    gateway.clock.time = datetime.now(UTC)
    gateway.work(**by)


def opened(tokens, payment, *options):
    """The id of a refund that two operators agreed on."""
    proposed = tokens("ana", "refund", "open", payment.id, "--reason", "the payer gave it up", *options)
    assert proposed.status == 0, proposed.err
    assert "mpay refund approve" in proposed.err
    decision = proposed.out.partition(":")[0]
    assert tokens("ion", "refund", "approve", decision).status == 0
    return decision


def test_a_refund_from_the_proposal_to_the_services_last_word(run, gateway, tokens, paid):
    decision = opened(tokens, paid, "--amount", "40.00")
    [refund] = gateway.parts.units.read(lambda work: work.refunds.of_payment(paid.id))
    waiting = run("refund", "list").out
    assert "due, waits for the service to release the debt" in waiting
    gateway.calls.order_status[paid.order_key] = OrderStatus.REFUNDING
    work(gateway, seconds=1)
    assert "done, the service does not call it refunded yet" in run("refund", "list").out
    gateway.calls.order_status[paid.order_key] = OrderStatus.REFUNDED
    work(gateway, minutes=6)
    assert run("refund", "list").out == "no refunds\n"
    assert refund.id in run("refund", "list", "--all").out
    shown = run("refund", "show", refund.id).out
    assert re.search(r"^amount +40\.00 MDL, 40\.00 MDL came back$", shown, re.MULTILINE)
    assert re.search(r"^decided +operator:ana, operator:ion: the payer gave it up$", shown, re.MULTILINE)
    told = json.loads(run("refund", "show", refund.id, "--json").out)
    assert (told["refund"]["state"], told["decision"]["id"]) == ("done", decision)
    story = run("payment", "show", paid.id).out
    assert f"done 40.00 MDL, operators, 1 try, {refund.id}" in story
    assert "refund release: due -> due" in story


def test_nobody_refunds_alone_and_the_second_of_two_acts_is_told_of_the_first(run, tokens, paid):
    proposed = tokens("ana", "refund", "open", paid.id, "--reason", "wrong order", "--ground", "service")
    decision = proposed.out.partition(":")[0]
    assert proposed.out == f"{decision}: service-refund 150.00 MDL, proposed\n"
    alone = tokens("ana", "refund", "approve", decision)
    assert (alone.status, "another operator" in alone.err) == (1, True)
    again = tokens("ion", "refund", "open", paid.id, "--reason", "wrong order")
    assert (again.status, f"decision {decision} is open for the same" in again.err) == (1, True)
    assert f"{decision}" in run("refund", "list").out
    assert tokens("ion", "refund", "reject", decision).status == 0
    late = tokens("ana", "refund", "approve", decision)
    assert (late.status, f"decision {decision} is rejected already, by operator:ion" in late.err) == (1, True)


def test_operators_override_withdraw_retry_and_acknowledge(run, gateway, tokens, paid):
    opened(tokens, paid)
    [refund] = gateway.parts.units.read(lambda work: work.refunds.of_payment(paid.id))
    withdrawn = tokens("ana", "refund", "withdraw", refund.id, "--reason", "a mistake")
    assert withdrawn.out == f"{refund.id}: 150.00 MDL, withdrawn\n"
    assert tokens("ana", "refund", "retry", refund.id).out.endswith("release the debt\n")
    proposed = tokens("ana", "refund", "override", refund.id, "--reason", "the service is gone")
    assert tokens("ion", "refund", "approve", proposed.out.partition(":")[0]).status == 0
    work(gateway, seconds=1)
    assert tokens("ana", "refund", "withdraw", refund.id, "--reason", "too late").status == 1
    seen = tokens("ana", "refund", "acknowledge", refund.id, "--reason", "they know")
    assert seen.out == f"{refund.id}: 150.00 MDL, done\n"


def test_two_operators_write_down_that_a_refund_without_an_answer_went_back(run, gateway, tokens):
    gateway.clock.time = datetime.now(UTC) - timedelta(days=40)
    paid = gateway.pay("ORDER-1")
    open_refund(gateway, paid)
    gateway.calls.order_status[paid.order_key] = OrderStatus.REFUNDING
    gateway.calls.reversal_answers.append(OutcomeUnknown("gone"))
    gateway.work(seconds=1)
    [refund] = gateway.parts.units.read(lambda work: work.refunds.of_payment(paid.id))
    proposed = tokens("ana", "refund", "went-back", refund.id, "--reason", "sent by hand")
    decision = proposed.out.partition(":")[0]
    assert proposed.out == f"{decision}: went-back 150.00 MDL, proposed\n"
    assert decision in run("refund", "list").out
    assert tokens("ion", "refund", "approve", decision).status == 0
    assert "done, the service does not call it refunded yet" in run("refund", "show", refund.id).out
    again = tokens("ana", "refund", "went-back", refund.id, "--reason", "sent by hand")
    assert (again.status, "is done, and waits for no such word" in again.err) == (1, True)


def test_what_the_provider_took_back_is_listed_until_somebody_has_seen_to_it(run, gateway, tokens, paid):
    gateway.calls.given_back[paid.reference] = lei("50")
    settle(gateway.parts, paid.id)
    stuck = run("payment", "find", "--stuck")
    assert "the provider took confirmed money back by itself" in stuck.out
    [refund] = gateway.parts.units.read(lambda work: work.refunds.of_payment(paid.id))
    assert "done, nobody has seen to it" in run("refund", "list").out
    assert "released" not in run("refund", "show", refund.id).out
    tokens("ana", "refund", "acknowledge", refund.id, "--reason", "the payer disputes it")
    assert run("payment", "find", "--stuck").status == 1


def test_what_went_back_in_another_currency_is_listed_until_two_operators_dismiss_it(
    run, gateway, tokens, paid
):
    gateway.calls.given_back[paid.reference] = Money.from_minor(1000, "EUR")
    settle(gateway.parts, paid.id)
    assert "in another currency: not booked" in run("payment", "find", "--stuck").out
    proposed = tokens("ana", "payment", "dismiss", paid.id, "--reason", "the bank's mistake")
    decision = proposed.out.partition(":")[0]
    assert proposed.out == f"{decision}: dismiss 10.00 EUR, proposed\n"
    assert f"mpay resolve approve {decision}" in proposed.err
    assert tokens("ion", "resolve", "approve", decision).status == 0
    assert run("payment", "find", "--stuck").status == 1


@pytest.mark.parametrize(
    "amount", ["0", "-1", "1,5,0", "1,500.00", "1e2", "0.001", "NaN", "٣", "1000000000000000", ""]
)
def test_what_is_no_amount_is_refused_as_wrong_usage(tokens, paid, amount):
    refused = tokens("ana", "refund", "open", paid.id, "--reason", "x", f"--amount={amount}")
    assert (refused.status, "is no amount of MDL" in refused.err) == (2, True)


def test_more_than_is_left_is_refused(tokens, paid):
    refused = tokens("ana", "refund", "open", paid.id, "--reason", "x", "--amount", "150.01")
    assert (refused.status, refused.err.splitlines()[-1:]) == (
        1, ["mpay: invalid input: 150.01 MDL cannot be given back: 150.00 MDL is left"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [("refund", "open", "{payment}"), ("refund", "override", "x"), ("refund", "withdraw", "x"),
     ("refund", "acknowledge", "x"), ("refund", "went-back", "x"), ("payment", "dismiss", "{payment}"),
     ("resolve", "open", "{payment}", "accept"), ("delivery", "park", "x"),
     ("delivery", "release", "x"), ("instruments", "disable", "card")],
)  # fmt: skip
@pytest.mark.parametrize("reason", ["half a pair: \udcff", "a\x00b", "bell \x07"])
def test_a_reason_that_cannot_be_stored_is_refused_by_every_command(run, paid, command, reason):
    filled = [each.format(payment=paid.id) for each in command]
    named = () if command[0] == "instruments" else ("--operator", "ana")
    refused = run(*filled, "--reason", reason, *named)
    assert (refused.status, "has characters in it that cannot be stored" in refused.err) == (2, True)


@pytest.mark.parametrize("name", ["\udcff", "a\x00b"])
def test_an_operators_name_that_cannot_be_stored_is_refused(run, paid, name):
    refused = run("refund", "open", paid.id, "--reason", "x", "--operator", name)
    assert (refused.status, "cannot be stored" in refused.err) == (2, True)
    assert run("operator", "disable", name).status == 2


def test_refunds_that_do_not_exist_are_named(run, tokens):
    assert run("refund", "show", "nothing").err == "mpay: not found: refund nothing\n"
    assert tokens("ana", "refund", "retry", "nothing").status == 1
