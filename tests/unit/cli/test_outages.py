"""What operators see of services and banks that do not answer, and of confirmations that wait for people."""

from datetime import timedelta

import pytest

from mpay_gateway.cli.printing import age
from mpay_gateway.domain.breaker import BreakerRule
from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.domain.service import OnRefusal, SupportContact
from mpay_gateway.flow.breakers import deliveries_to, look, starts_at, unanswered
from mpay_gateway.flow.held_deliveries import who_acts
from tests.unit.flow.scripted import ACCOUNT, SERVICE, scripted_gateway, service_named

SILENT = OutcomeUnknown("no answer within 7 s")


def open_breaker(gateway, calls) -> None:
    for number in range(BreakerRule().opens_after):
        unanswered(gateway.parts, calls, SILENT, about=f"call {number}")


def test_services_and_accounts_that_do_not_answer_are_listed_as_such(run, ready, gateway):
    run("services", "apply", ready.folder / "services.toml")
    assert "yes" in run("services", "list").out
    assert ACCOUNT in run("instruments", "list").out
    open_breaker(gateway, deliveries_to("SHOP01"))
    open_breaker(gateway, starts_at(ACCOUNT))
    since = "unanswered since 2026-11-23 12:00:00 EET (OutcomeUnknown: no answer within 7 s)"
    assert f"deliveries {since}" in run("services", "list").out
    assert f"{ACCOUNT} (starts {since})" in run("instruments", "list").out


@pytest.fixture
def parked(ready):
    """A delivery that the service refused."""
    with scripted_gateway(ready.database, on_refusal=OnRefusal.OPERATOR) as gateway:
        gateway.calls.delivery_answers.append(RemoteRefused("InvalidParameter"))
        payment = gateway.pay("ORDER-1")
        yield gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


@pytest.fixture
def as_ana(run, monkeypatch):
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", run("operator", "add", "ana").out.strip())
    return lambda *arguments: run(*arguments, "--operator", "ana")


def test_what_is_parked_has_an_age_a_reason_and_somebody_who_acts(run, parked, as_ana):
    listed = run("delivery", "list", "--parked").out
    assert parked.id in listed
    assert "refused" in listed
    assert "nobody yet" in listed
    assert as_ana("delivery", "take", parked.id).out == f"{parked.id}: ana looks after it\n"
    assert "nobody yet" not in run("delivery", "list", "--parked").out


def test_nobody_takes_what_is_not_parked(run, gateway, as_ana):
    payment = gateway.pay("ORDER-1")
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    assert delivery.state is DeliveryState.CONFIRMED
    taken = as_ana("delivery", "take", delivery.id)
    assert taken.status == 1
    assert "is confirmed: nobody need look after it" in taken.err
    assert run("delivery", "list", "--parked").out.endswith("nothing is parked\n")
    assert run("delivery", "list", "--parked", "--state", "due").status == 2


def test_who_acts_is_who_took_it_else_the_people_of_the_service(parked):
    service = service_named(SERVICE)
    assert who_acts(parked, service) == "nobody yet"
    support = SupportContact(phone="022 123456", email="help@service.example")
    object.__setattr__(service, "support", support)
    assert who_acts(parked, service) == f"{SERVICE}: 022 123456, help@service.example"
    object.__setattr__(parked, "owner", "ana")
    assert who_acts(parked, service) == "ana"


def test_a_retry_to_a_silent_service_lets_a_probe_go_at_once(run, gateway, as_ana):
    gateway.calls.silent = {SERVICE: SILENT}
    payments = [gateway.pay(f"ORDER-{number}") for number in range(BreakerRule().opens_after)]
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payments[0].id))
    said = as_ana("delivery", "retry", delivery.id).out
    assert said.startswith(f"{delivery.id}: due now\n{SERVICE} has not answered since 2026-11-23")
    assert look(gateway.parts, deliveries_to(SERVICE)).is_open
    probe_at = gateway.parts.units.read(lambda work: work.breakers.troubled())[0].probe_at
    assert probe_at is None


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(minutes=61), "1 h 1 min"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(days=7), "7 d"),
    ],
)
def test_an_age_is_said_in_its_two_largest_units(span, said):
    assert age(span) == said
