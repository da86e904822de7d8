"""Every outcome that the sandbox bank can play: the page, the payment, the books, and what the service was told."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import CaptureState, DeclineReason, PaymentState, ReversalState
from mpay_gateway.texts import format_money
from tests.scene.payer import Page, Payer
from tests.scene.waiting import eventually

PAID_BY = {"approved-mastercard": "Mastercard 5100"}
DECLINES = {
    "insufficient-funds": DeclineReason.NO_FUNDS,
    "do-not-honour": DeclineReason.CARD_REFUSED,
    "stolen": DeclineReason.CARD_REFUSED,
}
# Paid in the end, whatever the bank's pages and callbacks did on the way.
PAID = (
    "approved", "approved-mastercard", "three-d-secure", "timeout-after", "callback-lost", "no-return",
    "no-callback-no-return", "callbacks-shuffled",
)  # fmt: skip
SPECIAL = (
    "timeout-before", "slow", "status-unknown", "wrong-amount", "wrong-currency", "captured-twice",
    "declined-then-captured", "charged-back",
)  # fmt: skip


@dataclass
class Played:
    """A payment with one card, up to the first look at its result page."""

    payer: Payer
    order: object
    page: Page

    @property
    def payment(self):
        return self.payer.gateway.payment(self.page.payment_id)

    @property
    def captures(self):
        return self.payer.gateway.captures(self.page.payment_id)

    @property
    def told(self):
        return self.payer.gateway.counterparts.shop.confirmations(self.order)

    def look_again(self) -> Page:
        self.page = self.payer.result(self.page)
        return self.page

    def until(self, key: str) -> Page:
        """Reload the result page until it says so."""
        return eventually(self.look_again, lambda page: page.says(key))


@pytest.fixture
def play(payer, shop) -> Callable[[str], Played]:
    def with_card(card: str) -> Played:
        order = shop.order(amount="100.00")
        return Played(payer, order, payer.pay(order, card))

    return with_card


def test_every_test_card_has_a_test(bank):
    assert set(bank.cards) == {*PAID, *DECLINES, *SPECIAL}


@pytest.mark.parametrize("card", PAID)
def test_paid_and_told_once(card, play, gateway, bank):
    played = play(card)
    page = played.until("result.told")
    assert page.says("result.paid.title")
    assert played.payment.state is PaymentState.CAPTURED
    assert played.payment.method == f"{PAID_BY.get(card, 'Visa 4000')} •••• {bank.cards[card][-4:]}"
    assert [(each.state, each.amount.minor) for each in played.captures] == [(CaptureState.CLAIMED, 100_00)]
    assert [(each["total"], each["outcome"]) for each in played.told] == [("100.00", "applied")]
    assert gateway.balances()["receivable:sandbox-main"] == 100_00


@pytest.mark.parametrize("card", DECLINES)
def test_declined_tells_why_and_that_nothing_was_taken(card, play, gateway):
    played = play(card)
    page = played.page
    assert page.says("result.declined.title")
    assert page.says("result.no_money")
    assert page.says(f"decline.{DECLINES[card].value}")
    assert (played.payment.state, played.payment.decline_reason) == (PaymentState.DECLINED, DECLINES[card])
    assert (played.captures, played.told, gateway.balances()) == ((), [], {})


def test_after_a_decline_the_same_order_is_paid_with_another_card(play, gateway, bank):
    played = play("insufficient-funds")
    again = played.payer.choose(played.payer.open(played.page.link("/method")))
    bank.pay(gateway.payment(again.payment_id).remote_reference)
    page = played.payer.result(again)
    assert page.says("result.paid.title")
    assert page.payment_id != played.page.payment_id
    assert [each["payment_id"] for each in played.told] == [page.payment_id]


def test_cancelled_at_the_bank(payer, shop, gateway):
    order = shop.order()
    bank_page = payer.start(order)
    at_bank = payer.at_bank(bank_page)
    at_bank.cancel()
    page = payer.open(at_bank.way_back)
    assert page.says("result.cancelled.title")
    assert page.says("result.no_money")
    assert gateway.payment(page.payment_id).state is PaymentState.CANCELLED
    assert shop.confirmations(order) == []


def test_a_wrong_one_time_code_three_times_declines(payer, shop, gateway, bank):
    at_bank = payer.at_bank(payer.start(shop.order()))
    at_bank.enter_card(bank.cards["three-d-secure"])
    for _ in range(3):
        at_bank.enter_code("000000")
    page = payer.open(at_bank.way_back)
    assert page.says("decline.not-authenticated")
    assert gateway.payment(page.payment_id).decline_reason is DeclineReason.NOT_AUTHENTICATED


def test_timeout_before_the_effect_is_not_known_until_the_bank_declines(play, gateway):
    """C33: unknown, never "failed"; meanwhile nobody can pay the order again."""
    played = play("timeout-before")
    assert played.page.says("result.not-known.title")
    other = Payer(gateway, address="198.51.100.9").arrive(played.order)
    assert other.says("standing.in-progress.title")
    played.until("result.declined.title")
    assert played.payment.state is PaymentState.DECLINED
    assert (played.captures, played.told) == ((), [])


def test_slow_authorisation_is_not_known_then_paid(play):
    played = play("slow")
    assert played.page.says("result.not-known.title")
    played.until("result.told")
    assert len(played.told) == 1


def test_status_calls_that_fail_are_not_failures_of_the_payment(play):
    """C35."""
    played = play("status-unknown")
    played.until("result.told")
    assert len(played.told) == 1


def test_another_amount_is_reviewed_and_neither_confirmed_nor_reversed(play, gateway):
    """C39."""
    played = play("wrong-amount")
    assert played.page.says("result.being-checked.title")
    amounts = [format_money(Money.from_minor(each, "MDL"), Language.RO) for each in (100_00, 99_00)]
    assert played.page.says("result.being-checked.amounts", asked=amounts[0], taken=amounts[1])
    assert [(each.state, each.amount.minor) for each in played.captures] == [(CaptureState.REVIEW, 99_00)]
    assert (played.told, gateway.reversals(played.payment.id)) == ([], ())
    assert gateway.balances() == {"receivable:sandbox-main": 99_00, "suspense": -99_00}
    assert Payer(gateway, address="198.51.100.9").arrive(played.order).says("standing.in-progress.title")


def test_another_currency_is_reviewed(play, gateway):
    """C40."""
    played = play("wrong-currency")
    assert played.page.says("result.being-checked.title")
    (capture,) = played.captures
    assert (capture.state, str(capture.amount.currency)) == (CaptureState.REVIEW, "EUR")
    assert (played.told, gateway.reversals(played.payment.id)) == ([], ())


def test_a_second_capture_is_given_back_and_the_first_confirmed(play, gateway):
    """C47."""
    played = play("captured-twice")
    assert played.until("result.told").says("result.surplus")
    assert sorted(each.state for each in played.captures) == [CaptureState.CLAIMED, CaptureState.SURPLUS]
    gateway.work()
    assert [each.state for each in gateway.reversals(played.payment.id)] == [ReversalState.DONE]
    assert len(played.told) == 1
    assert "suspense" not in gateway.balances()
    assert gateway.balances()["receivable:sandbox-main"] == 100_00


def test_declined_and_then_captured_is_paid(play, gateway):
    """C37: the money is there."""
    played = play("declined-then-captured")
    assert played.page.says("result.declined.title")
    played.until("result.paid.title")
    played.until("result.told")
    assert played.payment.state is PaymentState.CAPTURED
    assert len(played.told) == 1


def test_a_chargeback_never_unpays_the_order(play, bank):
    """C38: a recorded refund; the service keeps its confirmation, and the page says both."""
    played = play("charged-back")
    played.until("result.told")
    eventually(lambda: bank.session(played.payment.reference)["status"], lambda status: status == "reversed")
    played.until("result.refunded.title")  # the bank tells of it after its books have it
    assert played.payment.state is PaymentState.CAPTURED
    assert len(played.told) == 1


def test_a_payer_whose_bank_did_not_answer_the_start_goes_on_from_the_page_of_his_payment(payer, shop, bank):
    """Nobody is left with "do not pay again" and no way to the bank."""
    bank.break_down(api="http500")
    page = payer.choose(payer.agree(payer.arrive(shop.order())))
    assert page.says("result.not-known.bank")
    bank.repair()
    assert payer.at_bank(payer.open(f"/pay/{page.token}/payments/{page.payment_id}/bank")).text
