"""Commands over a history: what they show, what they change, and whom they let."""

import getpass
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from mpay_gateway.cli.printing import local
from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.domain.service import OnRefusal
from mpay_gateway.flow.bookkeeping.books import INVARIANTS
from mpay_gateway.flow.operators import actor_of
from mpay_gateway.storage.revision import newest_revision
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import NOON, SERVICE, lei, scripted_gateway
from tests.unit.flow.stating import give_statements


def test_init_db_may_be_repeated(run, place):
    newest = newest_revision()
    assert run("init-db").out == f"the database went from empty to revision {newest}\n"
    assert run("init-db").out == f"the database is at revision {newest} already\n"


def test_the_story_of_a_payment_is_told_in_order(run, gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    payment = gateway.pay("ORDER-1")
    gateway.clock.advance(minutes=2)
    Worker(gateway.parts).run_due()
    done = run("payment", "show", payment.id.lower())
    assert done.status == 0
    told = [
        "payment create: new -> created", "payment start: created -> started", "sent start", "received start",
        "payment capture: started -> captured", "delivery unanswered: leased -> due",
        "delivery confirm: leased -> confirmed", "claim acknowledge: captured -> acknowledged",
    ]  # fmt: skip
    places = [done.out.index(each) for each in told]
    assert places == sorted(places)
    assert "confirmed, 2 tries, 1 unanswered" in done.out
    assert "EET" in done.out
    assert "UTC" in done.out


def test_the_story_as_json_has_every_event_and_no_capability(run, gateway):
    payment = gateway.pay("ORDER-1")
    done = run("payment", "show", payment.id, "--json")
    story = json.loads(done.out)
    assert story["payment"]["id"] == payment.id
    assert story["payment"]["amount"] == {"amount": "150.00", "currency": "MDL"}
    assert {event["evidence_id"] for event in story["events"]} > {None}
    for capability in (payment.visit_token, payment.receipt_token):
        assert capability not in done.out


def test_an_unknown_payment_is_an_error_and_nothing_found_is_a_status(run, ready):
    shown, found = run("payment", "show", "NOSUCH"), run("payment", "find", "NO-SUCH")
    assert (shown.status, shown.out) == (1, "")
    assert shown.err == "mpay: unknown payment: N0SUCH\n"
    assert (found.status, found.out) == (1, "no payment for 'NO-SUCH'\n")


def test_payments_are_found_by_what_people_have_at_hand(run, gateway):
    payment = gateway.pay("ORDER-1")
    gateway.pay("ORDER-2")
    for words in (payment.id, "ORDER-1", payment.invoice_id, payment.reference, payment.remote_reference):
        found = json.loads(run("payment", "find", words, "--json").out)
        assert [each["id"] for each in found] == [payment.id], words


def test_payments_that_wait_for_a_person_are_listed_with_the_reason(run, gateway):
    assert run("payment", "find", "--stuck").out == "no payment waits for a person\n"
    gateway.pay("FINE-1")
    review = gateway.capture(gateway.start("REVIEW-1"), amount=lei("1"))
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder", permanent=True))
    gateway.calls.reversal_answers.append(RemoteRefused("too-old", permanent=True))
    kept = gateway.pay("KEPT-1")
    unknown = gateway.start("UNKNOWN-1")
    gateway.work(turns=60, hours=24)
    listed = run("payment", "find", "--stuck", "--json")
    assert listed.status == 0
    assert {(each["payment"]["id"], each["waits_because"]) for each in json.loads(listed.out)} == {
        (review.id, "another amount was taken than asked"),
        (kept.id, "the provider refuses to give the money back"),
        (unknown.id, "the provider never said what became of it"),
    }
    assert review.visit_token not in listed.out
    assert "FINE-1" not in run("payment", "find", "--stuck").out


def test_a_line_of_a_statement_that_nothing_explains_waits_for_a_person(run, gateway):
    stranger = StatementLine("TXN-9", "NOBODY", "capture", lei("5"), lei("0"), lei("5"), NOON)
    give_statements(gateway).write(stranger)
    listed = run("payment", "find", "--stuck")
    assert (listed.status, "TXN-9" in listed.out, "5.00 MDL" in listed.out) == (0, True, True)
    (found,) = json.loads(run("payment", "find", "--stuck", "--json").out)
    assert found["waits_because"] == "no capture, reversal or refund of ours: not posted"
    assert (found["statement_line"]["line"]["transaction_id"], found["statement_line"]["day"]) == (
        "TXN-9", NOON.date().isoformat(),
    )  # fmt: skip


def test_a_second_line_that_says_something_else_of_a_transaction_waits_for_a_person(run, gateway):
    fee = StatementLine("FEE-1", "", "fee", lei("0"), lei("5"), lei("-5"), NOON)
    give_statements(gateway).write(fee, replace(fee, fee=lei("4"), net=lei("-4")))
    (found,) = json.loads(run("payment", "find", "--stuck", "--json").out)
    why = "its transaction is posted, and says something else: not posted"
    assert (found["waits_because"], why in run("payment", "find", "--stuck").out) == (why, True)


def test_what_to_find_is_said_in_one_way(run, ready):
    assert run("payment", "find").status == run("payment", "find", "X", "--stuck").status == 2


def test_deliveries_are_listed_by_state(run, gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("\x1b[31mred"))
    waiting = gateway.pay("ORDER-1")
    confirmed = gateway.pay("ORDER-2")
    listed = run("delivery", "list").out
    assert waiting.id in listed
    assert confirmed.id not in listed
    assert "\x1b" not in listed
    assert confirmed.id in run("delivery", "list", "--state", "confirmed", "--service", SERVICE).out
    assert run("delivery", "list", "--service", "OTHER").out == "no deliveries\n"


@pytest.fixture
def parked(ready):
    """A delivery that the service refused, for a person to decide."""
    with scripted_gateway(ready.database, on_refusal=OnRefusal.OPERATOR) as gateway:
        gateway.calls.delivery_answers.append(RemoteRefused("InvalidParameter"))
        payment = gateway.pay("ORDER-1")
        yield gateway, gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def test_an_operator_with_his_token_sends_a_parked_delivery_again(run, parked, monkeypatch):
    gateway, delivery = parked
    assert delivery.state is DeliveryState.PARKED
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", run("operator", "add", "ana").out.strip())
    done = run("delivery", "retry", delivery.id, "--operator", "ana")
    assert (done.status, done.out) == (0, f"{delivery.id}: due now\n")
    gateway.clock.time = datetime.now(UTC) + timedelta(hours=1)  # the command went by the machine's clock
    Worker(gateway.parts).run_due()
    read = gateway.parts.units.read
    assert read(lambda work: work.deliveries.get(delivery.id)).state is DeliveryState.CONFIRMED
    actors = {row.actor for row in read(lambda work: work.audit.of_payment(delivery.payment_id))}
    assert "operator:ana" in actors


def test_why_a_delivery_is_parked_and_what_was_answered_last_stand_on_their_own(run, parked):
    _, delivery = parked
    lines = run("payment", "show", delivery.payment_id).out.splitlines()
    assert f"delivery     parked, 1 try, 0 unanswered, {delivery.id}" in lines
    assert "parked       refused" in lines
    assert f"last error   {delivery.last_error}" in lines


@pytest.mark.parametrize("case", ["wrong token", "unknown name", "disabled"])
def test_nobody_else_acts_on_money(run, parked, monkeypatch, case):
    _, delivery = parked
    token = run("operator", "add", "ana").out.strip()
    if case == "disabled":
        assert run("operator", "disable", "ana").status == 0
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", "guess" if case == "wrong token" else token)
    done = run("delivery", "retry", delivery.id, "--operator", "bob" if case == "unknown name" else "ana")
    assert (done.status, done.err) == (1, "mpay: not authorised: no such operator, or another token\n")


def test_a_token_is_kept_hashed_and_a_new_one_ends_the_old(run, gateway):
    first = run("operator", "add", "ana").out.strip()
    refused = run("operator", "add", "ana")
    assert (refused.status, refused.out) == (1, "")
    assert "--new-token" in refused.err
    assert actor_of(gateway.parts.units, "ana", first) == "operator:ana"
    second = run("operator", "add", "ana", "--new-token").out.strip()
    units = gateway.parts.units
    kept = units.read(lambda work: work.operators.find("ana")).token_hash
    assert kept.startswith("$argon2id$")
    assert first not in kept
    assert actor_of(units, "ana", second) == "operator:ana"
    with pytest.raises(Exception, match="another token"):
        actor_of(units, "ana", first)
    assert "ana" in run("operator", "list").out
    assert run("operator", "add", "Ana Maria").status == 1


def test_every_change_of_an_operator_is_sealed_with_who_made_it(run, gateway):
    run("operator", "add", "ana")
    run("operator", "disable", "ana")
    assert run("operator", "add", "ana").status == 1
    assert "disabled" in run("operator", "list").out
    run("operator", "add", "ana", "--new-token")
    assert run("operator", "add", "ion", "--new-token").err == "mpay: not found: operator ion\n"
    rows = gateway.parts.units.read(lambda work: work.evidence.of_subject("operator:ana"))
    changes = [dict(json.loads(each.meta)["notes"]) for each in rows]
    assert [each["change"] for each in changes] == ["added", "disabled", "new token, enabled again"]
    assert {each["by"] for each in changes} == {f"shell:{getpass.getuser()}"}
    _, line = run("operator", "list").out.splitlines()
    assert local(rows[-1].at) in line
    assert run("audit", "seal").status == 0
    assert run("audit", "verify").status == 0
    assert run("check-books").status == 0


def test_an_instrument_is_switched_off_for_a_time_and_on_again(run, ready):
    off = run("instruments", "disable", "card", "--until", "2099-01-01T12:00", "--reason", "the bank rests")
    assert off.out == "card: off until 2099-01-01 12:00:00 EET\n"
    listed = run("instruments", "list").out
    assert "off until 2099-01-01 12:00:00 EET" in listed
    assert "the bank rests (shell:" in listed
    assert run("instruments", "enable", "card").status == 0
    assert "off" not in run("instruments", "list").out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("cart",), "instrument 'cart'; configured: card"),
        (("card", "--until", "2001-01-01"), "is over"),
        (("card", "--until", "noon"), "is no time such as"),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(run, ready, arguments, complaint):
    done = run("instruments", "disable", *arguments)
    assert done.status > 0
    assert complaint in " ".join(done.err.split())
    assert "off" not in run("instruments", "list").out


def test_services_are_shown_before_they_are_applied_and_applied_once(run, ready):
    file = str(ready.folder / "services.toml")
    shown = run("services", "apply", file, "--dry-run")
    assert shown.out.startswith("SHOP01: would be added\n  ")
    assert 'url: "https://shop.example/service"' in shown.out
    assert run("services", "list").out.startswith("no services")
    assert run("services", "apply", file).out.startswith("SHOP01: added\n")
    assert run("services", "apply", file).out == "SHOP01: unchanged\n"
    assert "SHOP01   enabled  soap       Magazin" in run("services", "list").out
    assert run("services", "disable", "SHOP01").status == 0
    assert "disabled" in run("services", "list").out
    assert run("services", "apply", file).out == "SHOP01: changed\n  disabled -> enabled\n"
    assert "enabled " in run("services", "list").out
    assert run("services", "disable", "NONE").err == "mpay: unknown service: NONE\n"


def test_plugins_are_listed_with_what_uses_them(run, ready):
    listed = run("plugins").out
    assert "mpay-provider-sandbox 0." in listed
    assert "  provider sandbox: account bank-main" in listed
    assert "  instrument bank_card: instrument card" in listed


def test_without_configuration_what_is_installed_is_listed(run, tmp_path, monkeypatch):
    monkeypatch.delenv("MPAY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    done = run("plugins")
    assert done.status == 0
    assert "mpay-eservice-soap" in done.out
    assert "installed" in done.err
    assert "mpay-eservice-soap" in run("hooks").out


def test_hooks_are_listed_with_their_reach_and_their_implementers(run, ready):
    lines = {line.split()[0]: line for line in run("hooks").out.splitlines()}
    assert "routed to one account" in lines["mpay_start_payment"]
    assert "mpay-provider-sandbox" in lines["mpay_start_payment"]
    assert "core" in lines["mpay_render_receipt"]
    assert "nobody" in lines["mpay_payment_changed"]


def test_states_are_a_table_and_a_drawing(run):
    assert "captured money" not in run("states").out
    assert "payment   started     capture           captured" in run("states").out
    assert run("states", "--dot").out.startswith("digraph states {")


def test_sound_books_say_so_and_broken_ones_name_the_payment(run, gateway):
    payment = gateway.pay("ORDER-1")
    sound = run("check-books")
    assert (sound.status, sound.out.splitlines()[-1]) == (0, "the books are sound")
    assert sum(" holds " in line for line in sound.out.splitlines()) == len(INVARIANTS)
    gateway.parts.units.run(
        "forge", lambda work: work.connection.execute(text("UPDATE captures SET amount_minor = 1"))
    )
    broken = run("check-books")
    assert broken.status == 1
    assert "2  BROKEN" in broken.out
    assert payment.id in broken.out
    assert {each["payment_id"] for each in json.loads(run("check-books", "--json").out)} == {payment.id}
    assert run("check-books", "--processes", "2").out == broken.out
    later = (gateway.clock.now() + timedelta(days=1)).isoformat()
    assert run("check-books", "--since", later).status == 0


def test_two_operators_resolve_a_payment_in_review(run, gateway, tokens):
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("1"))
    opened = tokens("ana", "resolve", "open", payment.id, "give-back", "--reason", "wrong amount")
    assert opened.status == 0
    decision = opened.out.partition(":")[0]
    assert "wrong amount" in run("resolve", "list").out
    alone = tokens("ana", "resolve", "approve", decision)
    assert (alone.status, "another operator" in alone.err) == (1, True)
    approved = tokens("ion", "resolve", "approve", decision)  # after the log of what the provider was asked
    assert approved.out.endswith(f"{decision}: give-back 1.00 MDL, approved\n")
    assert run("resolve", "list").out == "no proposals\n"
    story = run("payment", "show", payment.id).out
    assert "approved give-back 1.00 MDL, operator:ana, operator:ion: wrong amount" in story


def test_a_payment_is_asked_about_now_and_is_not_ended_while_it_is(run, gateway, tokens):
    payment = gateway.start("ORDER-1")
    asked = tokens("ana", "payment", "recheck", payment.reference)  # at a bank that is not there
    assert asked.status == 1
    assert asked.out.endswith(f"{payment.id}: started, the provider does not answer\n")
    assert tokens("ana", "payment", "recheck", "nothing").status == 2
    early = tokens("ana", "payment", "end", payment.id, "--reason", "in a hurry")
    assert (early.status, "payment" in early.err) == (1, True)


def test_a_delivery_is_parked_and_its_money_released_by_two(run, gateway, tokens):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    payment = gateway.pay("ORDER-1")
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    parked = tokens("ana", "delivery", "park", delivery.id, "--reason", "wait", "--owner", "ion")
    assert parked.out == f"{delivery.id}: parked (withheld: wait), ion looks after it\n"
    release = ("ana", "delivery", "release", delivery.id, "--reason", "never taken")
    refused = tokens(*release)
    assert (refused.status, "1 try not answered" in refused.err) == (1, True)
    released = tokens(*release, "--although-unanswered")
    assert "release-although" in released.out
    assert "1 try, 1 unanswered" in released.err
    decision = released.out.partition(":")[0]
    assert tokens("ion", "resolve", "approve", decision).status == 0
    assert tokens("ion", "delivery", "retry", delivery.id).status == 1


@pytest.fixture
def tokens(run, monkeypatch):
    """Run a command as an operator."""
    known = {name: run("operator", "add", name).out.strip() for name in ("ana", "ion")}

    def call(name, *arguments):
        monkeypatch.setenv("MPAY_OPERATOR_TOKEN", known[name])
        return run(*arguments, "--operator", name)

    return call
