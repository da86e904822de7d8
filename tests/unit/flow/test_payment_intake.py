"""Money that is taken elsewhere: told once, booked once, or refused and never booked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from mpay_gateway.api import (
    Accepted,
    AccountId,
    AlreadyAccepted,
    Claimed,
    CollectedPayment,
    Conflict,
    IntakeState,
    Language,
    Money,
    NotAuthorised,
    OrderLookup,
    OrderName,
    OrderStatus,
    OutcomeUnknown,
    RefusalReason,
    Refused,
    RemoteRefused,
    RemoteUnavailable,
    UnknownOrder,
    UnknownService,
)
from mpay_gateway.domain.payment import CaptureState, ClaimState, PaymentState
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.claiming import Standing
from mpay_gateway.flow.entrance import Entrance
from mpay_gateway.flow.inbound.payment_intake import Port
from mpay_gateway.flow.invoicing import show_invoice
from mpay_gateway.flow.payment_ending import end_unchanged
from mpay_gateway.flow.visiting import Arrival, open_visit
from mpay_gateway.storage.switches import Switch
from tests.unit.flow.inbound import NETWORK, WHOLE, Kiosk, change_service, kiosk_of, port_of, silent_service
from tests.unit.flow.scripted import IBANS, SERVICE, ScriptedGateway, lei

SILENCE = RemoteUnavailable("down")


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def kiosk(gateway: ScriptedGateway) -> Kiosk:
    return kiosk_of(gateway)


def answers_with(kiosk: Kiosk, **changes: object) -> None:
    """Let the service describe its orders otherwise from now on."""
    plain = kiosk.gateway.calls.order

    def order(order_key: str) -> object:
        return replace(plain(order_key), **changes)

    kiosk.gateway.calls.order = order  # type: ignore[method-assign]


def unheard(gateway: ScriptedGateway) -> None:
    """The service does not answer what it is told, so it cannot have taken the money into account."""
    gateway.calls.delivery_answers += [OutcomeUnknown("time-out")] * 9


def partly_payable(kiosk: Kiosk) -> None:
    answers_with(kiosk, allow_partial=True)


# Looking up


def test_a_look_up_shows_what_is_due_with_the_payer_masked(kiosk):
    answers_with(kiosk, customer_name="Popescu Ion", customer_id="2000123456426")
    due = kiosk.port.look_up(kiosk.query("ORDER-1"))
    assert (due.invoice.payable, due.smallest, due.refusal) == (WHOLE, WHOLE, None)
    assert due.invoice.order.customer_name == "Po**** I."
    assert "123456" not in due.invoice.order.customer_id


def test_a_service_that_does_not_mask_is_shown_as_it_is(kiosk, gateway):
    change_service(gateway, mask=False)
    answers_with(kiosk, customer_name="Popescu Ion")
    assert kiosk.port.look_up(kiosk.query("ORDER-1")).invoice.order.customer_name == "Popescu Ion"


@pytest.mark.parametrize("key", ["", "x" * 40, "NO-PATTERN"])
def test_a_key_that_cannot_be_is_unknown_and_nobody_is_asked(kiosk, gateway, key):
    change_service(gateway, order_key_pattern="ORDER-[0-9]")
    with silent_service(gateway, AssertionError("asked")), pytest.raises(UnknownOrder):
        kiosk.port.look_up(kiosk.query(key))


def test_a_service_that_takes_no_cash_is_unknown_at_the_kiosk(kiosk, gateway):
    change_service(gateway, channels=gateway.parts.services.get(SERVICE).channels[:1])
    with pytest.raises(UnknownService):
        kiosk.port.look_up(kiosk.query("ORDER-1"))
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.UNKNOWN_SERVICE)


def test_the_second_factor_is_asked_for_at_the_kiosk_too(kiosk, gateway):
    change_service(gateway, second_factor="customer_id_last4")
    answers_with(kiosk, customer_id="2000123456426")
    for typed in ("", "0000"):
        with pytest.raises(UnknownOrder):
            kiosk.port.look_up(kiosk.query("ORDER-1", second_factor=typed))
    assert kiosk.port.look_up(kiosk.query("ORDER-1", second_factor="6426")).refusal is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (OrderStatus.PAID, RefusalReason.PAID),
        (OrderStatus.COMPLETED, RefusalReason.PAID),
        (OrderStatus.CANCELLED, RefusalReason.GONE),
        (OrderStatus.EXPIRED, RefusalReason.GONE),
        (OrderStatus.REFUNDED, RefusalReason.GONE),
    ],
)
def test_an_order_that_is_closed_is_shown_and_its_money_refused(kiosk, status, reason):
    answers_with(kiosk, status=status)
    assert kiosk.port.look_up(kiosk.query("ORDER-1")).refusal is reason
    assert kiosk.accept("ORDER-1", "T1") == Refused(reason)
    assert kiosk.booked() == {}


# Accepting


def test_accepted_money_is_booked_and_the_service_told(kiosk, gateway):
    answer = kiosk.accept("ORDER-1", "T1")
    assert isinstance(answer, Accepted)
    (payment,) = kiosk.payments("ORDER-1")
    assert (payment.state, payment.channel, payment.device) == (PaymentState.CAPTURED, "kiosk", "")
    assert (payment.reference, payment.remote_reference) == (answer.reference, "T1")
    assert answer.reference.isdigit()
    assert kiosk.booked() == {
        f"receivable:{NETWORK}": 150_00,
        f"payable:{SERVICE}:{IBANS[0]}": -100_00,
        f"payable:{SERVICE}:{IBANS[1]}": -50_00,
    }
    assert kiosk.claim_of(payment.id).state is ClaimState.ACKNOWLEDGED
    assert len(gateway.calls.delivered) == 1
    status = kiosk.port.status("T1")
    assert (status.state, status.reference, status.told) == (IntakeState.ACCEPTED, answer.reference, True)


def test_the_request_is_kept_as_evidence_of_the_payment(kiosk, gateway):
    answer = kiosk.accept("ORDER-1", "T1", message=b"txn_id=T1&sum=150.00")
    rows = gateway.parts.units.read(lambda work: work.evidence.of_subject(answer.payment_id))
    first = rows[0]
    assert (first.direction, first.operation) == ("received", "pay")
    body = gateway.parts.units.read(lambda work: work.evidence.body(first.id))
    assert body == b"txn_id=T1&sum=150.00"


def test_the_same_key_again_is_accepted_already_and_books_nothing(kiosk, gateway):
    first = kiosk.accept("ORDER-1", "T1")
    with silent_service(gateway, AssertionError("asked again")):
        again = kiosk.accept("ORDER-1", "T1")
    assert again == AlreadyAccepted(first.payment_id, first.reference)
    assert kiosk.booked()[f"receivable:{NETWORK}"] == 150_00
    assert len(gateway.calls.delivered) == 1


@pytest.mark.parametrize(("order", "amount"), [("ORDER-2", WHOLE), ("ORDER-1", lei("149.00"))])
def test_the_same_key_with_other_content_is_a_conflict(kiosk, order, amount):
    first = kiosk.accept("ORDER-1", "T1")
    with pytest.raises(Conflict):
        kiosk.accept(order, "T1", amount)
    assert kiosk.accept("ORDER-1", "T1") == AlreadyAccepted(first.payment_id, first.reference)
    assert kiosk.payments("ORDER-2") == ()


def test_one_key_told_at_once_by_many_is_accepted_once(kiosk):
    barrier = threading.Barrier(4)

    def tell() -> object:
        barrier.wait()
        return kiosk.accept("ORDER-1", "T1")

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(tell) for _ in range(4)]]
    assert sorted(type(each).__name__ for each in answers) == ["Accepted", *["AlreadyAccepted"] * 3]
    assert kiosk.booked()[f"receivable:{NETWORK}"] == 150_00


def test_two_keys_for_one_order_at_once_take_it_once(kiosk, gateway):
    unheard(gateway)
    barrier = threading.Barrier(2)

    def tell(key: str) -> object:
        barrier.wait()
        return kiosk.at(key).accept("ORDER-1", key)

    with ThreadPoolExecutor(2) as pool:
        answers = [future.result() for future in [pool.submit(tell, key) for key in ("T1", "T2")]]
    assert sorted(type(each).__name__ for each in answers) == ["Accepted", "Refused"]
    assert kiosk.booked()[f"receivable:{NETWORK}"] == 150_00


def test_the_same_key_of_another_account_is_another_key(kiosk, gateway):
    kiosk.accept("ORDER-1", "T1")
    registry = gateway.parts.registry
    other = AccountId("other")
    accounts = {**registry.accounts, other: replace(registry.accounts[NETWORK], id=other)}
    cash = replace(registry.instruments["cash"], providers=(NETWORK, other))
    gateway.parts = replace(
        gateway.parts, registry=replace(registry, accounts=accounts, instruments={"cash": cash})
    )
    assert isinstance(Kiosk(gateway, port_of(gateway, "provider:other")).accept("ORDER-2", "T1"), Accepted)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (lei("149.99"), RefusalReason.TOO_LITTLE),
        (lei("150.01"), RefusalReason.TOO_MUCH),
        (Money.from_minor(15000, "EUR"), RefusalReason.CURRENCY),
    ],
)
def test_another_amount_than_due_is_refused_for_good_and_never_booked(kiosk, amount, reason):
    assert kiosk.accept("ORDER-1", "T1", amount) == Refused(reason)
    assert kiosk.accept("ORDER-1", "T1", amount) == Refused(reason)
    assert (kiosk.booked(), kiosk.payments("ORDER-1")) == ({}, ())
    status = kiosk.port.status("T1")
    assert (status.state, status.reason) == (IntakeState.REFUSED, reason)
    with pytest.raises(Conflict):
        kiosk.accept("ORDER-1", "T1", WHOLE)
    assert isinstance(kiosk.accept("ORDER-1", "T2", WHOLE), Accepted)


def test_a_refused_request_is_kept(kiosk, gateway):
    kiosk.accept("ORDER-1", "T1", lei("1.00"), message=b"sum=1.00")
    kept = gateway.parts.units.read(lambda work: work.intakes.find(NETWORK, "T1"))
    assert kept.message == b"sum=1.00"


def test_parts_are_taken_until_the_order_is_full(kiosk, gateway):
    partly_payable(kiosk)
    unheard(gateway)
    assert isinstance(kiosk.accept("ORDER-1", "T1", lei("100.00")), Accepted)
    assert kiosk.accept("ORDER-1", "T2", lei("50.01")) == Refused(RefusalReason.TOO_MUCH)
    assert isinstance(kiosk.accept("ORDER-1", "T3", lei("50.00")), Accepted)


def test_an_order_that_the_service_does_not_know_is_refused(kiosk, gateway):
    gateway.calls.lookup_orders = lambda *_: OrderLookup(())
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.UNKNOWN_ORDER)
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.UNKNOWN_ORDER)


@pytest.mark.parametrize("typed", ["x" * 200, " ", "a\tb", f"ORDER-1{' ' * 60}2"])
def test_an_order_name_that_cannot_be_is_refused(kiosk, typed):
    """Never is a name cut to one that is an order's. A refusal is said again as often as it is asked for."""
    with pytest.raises(UnknownOrder):
        kiosk.port.look_up(kiosk.query(typed))
    with pytest.raises(UnknownOrder):
        kiosk.claim(typed, "T1")
    assert kiosk.accept(typed, "T1") == Refused(RefusalReason.UNKNOWN_ORDER)
    assert kiosk.accept(typed, "T1") == Refused(RefusalReason.UNKNOWN_ORDER)
    assert kiosk.payments("ORDER-1") == ()


def test_a_name_in_another_form_of_unicode_is_the_same_order(kiosk):
    composed = "\u00e9" * 36
    assert isinstance(kiosk.claim("e\u0301" * 36, "T1"), Claimed)
    assert isinstance(kiosk.accept(composed, "T1"), Accepted)
    assert len(kiosk.payments(composed)) == 1


def test_a_service_that_does_not_exist_is_refused(kiosk):
    for number, name in enumerate(("NOBODY", "x" * 200, f"{SERVICE}{' ' * 60}2")):
        told = CollectedPayment(OrderName(name, "ORDER-1"), f"T{number}", WHOLE, kiosk.gateway.clock.now())
        assert kiosk.port.accept(told) == Refused(RefusalReason.UNKNOWN_SERVICE)


def test_money_taken_in_the_future_was_taken_now(kiosk, gateway):
    ahead = gateway.clock.now() + timedelta(days=1)
    answer = kiosk.accept("ORDER-1", "T1", taken_at=ahead)
    assert gateway.parts.units.read(lambda work: work.payments.get(answer.payment_id)).captured_at < ahead


def test_money_taken_long_ago_keeps_its_time(kiosk, gateway):
    before = gateway.clock.now() - timedelta(days=2)
    kiosk.accept("ORDER-1", "T1", taken_at=before)
    assert gateway.calls.delivered[0].confirmation.paid_at == before.replace(microsecond=0)


# Silence


def test_a_silent_service_and_nothing_known_decides_nothing(kiosk, gateway):
    with silent_service(gateway, SILENCE), pytest.raises(RemoteUnavailable):
        kiosk.accept("ORDER-1", "T1")
    assert kiosk.port.status("T1").state is IntakeState.UNKNOWN
    assert isinstance(kiosk.accept("ORDER-1", "T1"), Accepted)


def test_a_silent_service_that_answered_a_moment_ago_is_paid(kiosk, gateway):
    unheard(gateway)
    kiosk.port.look_up(kiosk.query("ORDER-1"))
    gateway.clock.advance(minutes=9)
    with silent_service(gateway, OutcomeUnknown("time-out")):
        assert isinstance(kiosk.accept("ORDER-1", "T1"), Accepted)
        assert kiosk.accept("ORDER-1", "T2") == Refused(RefusalReason.PAID)


def test_an_answer_of_long_ago_is_not_taken_money_on(kiosk, gateway):
    kiosk.port.look_up(kiosk.query("ORDER-1"))
    gateway.clock.advance(minutes=11)
    with silent_service(gateway, SILENCE), pytest.raises(RemoteUnavailable):
        kiosk.accept("ORDER-1", "T1")


def test_a_claim_is_good_though_the_service_is_silent(kiosk, gateway):
    assert isinstance(kiosk.claim("ORDER-1", "T1", minutes=60), Claimed)
    gateway.clock.advance(minutes=50)
    with silent_service(gateway, SILENCE):
        assert isinstance(kiosk.accept("ORDER-1", "T1"), Accepted)


def test_an_unsigned_fault_refuses_only_what_nothing_holds(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1")
    with silent_service(gateway, RemoteRefused("UnknownOrder", permanent=False)):
        assert isinstance(kiosk.accept("ORDER-1", "T1"), Accepted)
        assert kiosk.accept("ORDER-2", "T2") == Refused(RefusalReason.UNKNOWN_ORDER)


# Claims


def test_a_claim_holds_the_order_against_others(kiosk, gateway):
    held = kiosk.at("kiosk-1").claim("ORDER-1", "T1")
    assert isinstance(held, Claimed)
    assert kiosk.at("kiosk-2").accept("ORDER-1", "T2") == Refused(RefusalReason.IN_PROGRESS)
    visit = open_visit(gateway.parts, Arrival(SERVICE, "ORDER-1", "127.0.0.1"))
    page = show_invoice(gateway.parts, visit.token, Language.RO, client="127.0.0.1")
    assert page.payable.standing is Standing.IN_PROGRESS
    answer = kiosk.at("kiosk-1").accept("ORDER-1", "T1")
    assert answer == Accepted(held.payment_id, held.reference)
    (payment,) = kiosk.payments("ORDER-1")
    assert payment.device == "kiosk-1"


def test_a_claim_again_is_the_same_claim(kiosk):
    first = kiosk.claim("ORDER-1", "T1")
    assert kiosk.claim("ORDER-1", "T1", minutes=30) == first
    with pytest.raises(Conflict):
        kiosk.claim("ORDER-2", "T1")
    assert len(kiosk.payments("ORDER-1")) == 1


def test_no_claim_is_longer_than_an_hour(kiosk, gateway):
    held = kiosk.claim("ORDER-1", "T1", minutes=600)
    assert held.until <= gateway.clock.now() + timedelta(hours=1)


def test_a_released_claim_frees_order_and_key(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1")
    kiosk.port.release("T1")
    kiosk.port.release("T1")
    kiosk.port.release("never-heard-of")
    assert kiosk.port.status("T1").state is IntakeState.RELEASED
    assert [each.state for each in kiosk.payments("ORDER-1")] == [PaymentState.EXPIRED]
    partly_payable(kiosk)
    assert isinstance(kiosk.accept("ORDER-1", "T1", lei("20.00")), Accepted)


def test_a_release_after_the_money_changes_nothing(kiosk):
    kiosk.accept("ORDER-1", "T1")
    kiosk.port.release("T1")
    assert kiosk.port.status("T1").state is IntakeState.ACCEPTED


def test_a_claim_runs_out_by_itself(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1", minutes=5)
    gateway.work(minutes=4)
    assert kiosk.port.status("T1").state is IntakeState.CLAIMED
    gateway.work(minutes=2)
    assert kiosk.port.status("T1").state is IntakeState.RELEASED
    assert isinstance(kiosk.at("kiosk-2").accept("ORDER-1", "T2"), Accepted)


def test_late_money_takes_its_claim_again_while_there_is_room(kiosk, gateway):
    held = kiosk.claim("ORDER-1", "T1")
    gateway.work(minutes=6)
    assert kiosk.accept("ORDER-1", "T1") == Accepted(held.payment_id, held.reference)
    assert len(kiosk.payments("ORDER-1")) == 1


def test_late_money_is_refused_when_the_room_is_taken(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1")
    gateway.work(minutes=6)
    gateway.start("ORDER-1")
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.IN_PROGRESS)
    assert kiosk.booked() == {}


def test_a_payer_who_begins_anew_is_not_in_his_own_way(kiosk, gateway):
    unheard(gateway)
    device = kiosk.at("kiosk-1")
    device.claim("ORDER-1", "T1")
    assert device.port.look_up(device.query("ORDER-1")).refusal is None
    assert isinstance(device.claim("ORDER-1", "T2"), Claimed)
    assert kiosk.port.status("T1").state is IntakeState.RELEASED
    assert isinstance(device.accept("ORDER-1", "T3"), Accepted)
    assert device.accept("ORDER-1", "T2") == Refused(RefusalReason.PAID)


def test_a_claim_that_is_refused_lets_go_of_nothing(kiosk):
    device = kiosk.at("kiosk-1")
    device.claim("ORDER-1", "T1")
    assert device.claim("ORDER-1", "T2", lei("151.00")) == Refused(RefusalReason.TOO_MUCH)
    assert kiosk.port.status("T1").state is IntakeState.CLAIMED
    assert kiosk.port.status("T2").state is IntakeState.UNKNOWN


def test_an_order_that_was_amended_meanwhile_is_paid_as_it_is_now(kiosk, gateway):
    partly_payable(kiosk)
    kiosk.claim("ORDER-1", "T1", lei("100.00"))
    gateway.calls.amounts = ("100.00", "20.00")
    answer = kiosk.accept("ORDER-1", "T1", lei("100.00"))
    assert isinstance(answer, Accepted)
    assert {each.state for each in kiosk.payments("ORDER-1")} == {PaymentState.CAPTURED, PaymentState.EXPIRED}


def test_a_claim_on_an_order_that_is_gone_is_refused(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1")
    answers_with(kiosk, status=OrderStatus.CANCELLED)
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.GONE)
    assert [each.state for each in kiosk.payments("ORDER-1")] == [PaymentState.EXPIRED]


def test_a_claimed_order_that_the_service_forgot_is_refused(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1")
    gateway.calls.lookup_orders = lambda *_: OrderLookup(())
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.UNKNOWN_ORDER)
    assert [each.state for each in kiosk.payments("ORDER-1")] == [PaymentState.EXPIRED]


# The portal's payer and the kiosk's


def test_the_portal_first_then_the_kiosk(kiosk, gateway):
    unheard(gateway)
    payment = gateway.start("ORDER-1")
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.IN_PROGRESS)
    assert gateway.capture(payment).state is PaymentState.CAPTURED
    assert kiosk.accept("ORDER-1", "T2") == Refused(RefusalReason.PAID)


def test_the_kiosk_first_then_the_portals_late_money(kiosk, gateway):
    unheard(gateway)
    payment = gateway.start("ORDER-1")
    end_unchanged(gateway.parts, payment, PaymentEvent.EXPIRE, actor="machine")
    assert isinstance(kiosk.accept("ORDER-1", "T1"), Accepted)
    gateway.capture(payment)
    captures = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    assert [each.state for each in captures] == [CaptureState.SURPLUS]
    gateway.work()
    assert f"receivable:{payment.account_id}" not in kiosk.booked()


# Who may


@pytest.mark.parametrize("instance", ["provider:bank-main", "instrument:cash", "eservice:scripted"])
def test_only_an_account_that_confirms_by_push_may_tell_of_money(kiosk, gateway, instance):
    with pytest.raises(NotAuthorised):
        port_of(gateway, instance).look_up(kiosk.query("ORDER-1"))


def test_a_retired_account_takes_nothing_new(gateway):
    kiosk = kiosk_of(gateway, retired=True)
    assert kiosk.accept("ORDER-1", "T1") == Refused(RefusalReason.CLOSED)


def test_an_instrument_that_is_switched_off_takes_only_what_it_claimed(kiosk, gateway):
    kiosk.claim("ORDER-1", "T1")
    switch = Switch("cash", None, "the line is down", "operator:ana", gateway.clock.now())
    gateway.parts.units.run("switch", lambda work: work.switches.disable(switch))
    assert kiosk.port.look_up(kiosk.query("ORDER-2")).refusal is RefusalReason.CLOSED
    assert kiosk.claim("ORDER-2", "T2") == Refused(RefusalReason.CLOSED)
    assert kiosk.accept("ORDER-2", "T3") == Refused(RefusalReason.CLOSED)
    assert isinstance(kiosk.accept("ORDER-1", "T1"), Accepted)


@pytest.mark.parametrize("key", ["", "with space", "x" * 101, "cheie-ă"])
def test_a_key_out_of_bounds_is_a_clear_error(kiosk, key):
    with pytest.raises(ValueError, match="an inbound key has"):
        kiosk.accept("ORDER-1", key)


def test_a_port_without_a_gateway_says_so():
    with pytest.raises(RuntimeError, match="no gateway runs"):
        Port(Entrance(), "provider:network").status("T1")


def test_kiosks_without_names_do_not_take_each_others_claims(kiosk):
    """Two payers at two of a network's kiosks: the second is refused before his cash is in the box."""
    first = kiosk.claim("ORDER-1", "T-A")
    assert isinstance(first, Claimed)
    assert kiosk.claim("ORDER-1", "T-B") == Refused(RefusalReason.IN_PROGRESS)
    assert isinstance(kiosk.accept("ORDER-1", "T-A"), Accepted)
