"""`mpay reversal`: money that its provider refuses to give back, as operators see and mend it."""

import json

import pytest

from mpay_gateway.domain.errors import RemoteRefused
from mpay_gateway.domain.payment import Payment, Reversal
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.settling import settle
from mpay_gateway.plugin_host.calls import HookCalls
from tests.unit.flow.scripted import lei


@pytest.fixture
def refused(run, gateway, monkeypatch) -> tuple[Payment, Reversal]:
    """A payment whose surplus its provider refused to give back; the command's operator is ana."""
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", run("operator", "add", "ana").out.strip())
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(each, payment.amount, gateway.clock.now()) for each in ("T1", "T2")
    ]
    gateway.calls.reversal_answers.append(RemoteRefused("too-old", permanent=True))
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(seconds=5)
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    return payment, reversal


def test_a_refused_reversal_is_listed_and_asked_for_again(run, gateway, refused, monkeypatch):
    payment, reversal = refused
    (listed,) = json.loads(run("reversal", "list", "--json").out)
    assert (listed["id"], listed["payment_id"], listed["state"]) == (reversal.id, payment.id, "refused")
    assert "too-old" in run("reversal", "list").out
    assert (
        f"refused 150.00 MDL, second-capture, 1 try, {reversal.id}" in run("payment", "show", payment.id).out
    )
    silent = run("reversal", "retry", reversal.id, "--operator", "ana")
    assert (silent.status, "does not say now what went back" in silent.err) == (1, True)
    heard = gateway.calls.fetch_confirmation
    monkeypatch.setattr(HookCalls, "fetch_confirmation", lambda _calls, *about: heard(*about))
    retried = run("reversal", "retry", reversal.id, "--operator", "ana")
    assert (retried.status, retried.out) == (0, f"{reversal.id}: 150.00 MDL, due\n")


def test_the_list_says_what_went_back_in_another_way(run, gateway, refused):
    payment, _ = refused
    gateway.calls.given_back[payment.reference] = lei("40")
    settle(gateway.parts, payment.id)
    (listed,) = json.loads(run("reversal", "list", "--json").out)
    assert listed["went_otherwise"] == {"amount": "40.00", "currency": "MDL"}
    headings, line = run("reversal", "list").out.splitlines()
    at = headings.index("otherwise")
    assert line[at:].startswith("40.00 MDL  ")


def test_a_reversal_that_is_none_is_an_error_in_words(run, refused):
    missing = run("reversal", "retry", "nobody", "--operator", "ana")
    assert (missing.status, "reversal nobody" in missing.err) == (1, True)


def test_two_operators_say_that_its_money_is_back(run, gateway, refused, monkeypatch):
    payment, reversal = refused
    asked = run("reversal", "acknowledge", reversal.id, "--reason", "by hand", "--operator", "ana")
    decision = asked.out.partition(":")[0]
    assert asked.out == f"{decision}: acknowledge 150.00 MDL, proposed\n"
    assert "mpay reversal approve" in asked.err
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", run("operator", "add", "ion").out.strip())
    assert run("reversal", "approve", decision, "--operator", "ion").status == 0
    assert run("reversal", "list").out == "no reversals\n"
    assert reversal.id in run("reversal", "list", "--all").out
    assert run("payment", "find", "--stuck").out == "no payment waits for a person\n"
    story = run("payment", "show", payment.id).out
    assert "approved acknowledge 150.00 MDL, operator:ana, operator:ion: by hand" in story
    assert f"done 150.00 MDL, second-capture, 1 try, {reversal.id}" in story


def test_nothing_on_its_way_back_is_an_empty_list(run, ready):
    assert run("reversal", "list").out == run("reversal", "list", "--all").out == "no reversals\n"
