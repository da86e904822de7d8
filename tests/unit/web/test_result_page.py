"""The result page, whatever became of the payment."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from mpay_gateway.domain.identifiers import AccountId, InvoiceId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.language import LocalText
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderStatus, PaymentAccount
from mpay_gateway.domain.payment import (
    DeclineReason,
    Delivery,
    DeliveryState,
    Payment,
    PaymentState,
    Reversal,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import Instructions
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState
from mpay_gateway.domain.service import Channel, Service
from mpay_gateway.flow.payment_result import Outcome, ResultPage
from mpay_gateway.storage.serial import next_step_to_text
from mpay_gateway.storage.visits import Visit
from mpay_gateway.web.rendering import PageRenderer

NOW = dt.datetime(2026, 10, 5, 15, 4, tzinfo=dt.UTC)
AMOUNT = Money.from_minor(123456, "MDL")
HOSTILE = '"><script>alert(1)</script>'
ENDED = {Outcome.DECLINED, Outcome.CANCELLED, Outcome.EXPIRED}
MUST_WAIT = {Outcome.NOT_KNOWN, Outcome.BEING_CHECKED}


def page(outcome=Outcome.PAID, *, told=True, return_url="https://school.example/back", back=()):
    service = Service(ServiceId("OPEN01"), "soap", LocalText("Școala <b>"), LocalText("Nr."), settings=None)
    order = Order(
        ServiceId("OPEN01"), OrderKey("OP123456"), HOSTILE, OrderStatus.ACTIVE, "MDL", AMOUNT,
        (OrderLine("1", "Taxă", AMOUNT, PaymentAccount()),), customer_name="Popescu Ion", customer_id="2000123456426",
    )  # fmt: skip
    payment = Payment(
        PaymentId("A" * 16), InvoiceId("1" * 14), "s", ServiceId("OPEN01"), OrderKey("OP123456"), "card",
        AccountId("sandbox-main"), Channel.PORTAL, AMOUNT, PaymentState.CAPTURED, "R", NOW, NOW,
        captured_at=None if outcome in ENDED | {Outcome.NOT_KNOWN} else NOW, next_check_at=NOW,
        decline_reason=DeclineReason.NO_FUNDS if outcome is Outcome.DECLINED else None,
    )  # fmt: skip
    state = DeliveryState.CONFIRMED if told else DeliveryState.DUE
    delivery = Delivery("d", payment.id, payment.service_id, state, 1, "{}", "", NOW)
    visit = Visit("t" * 22, ServiceId("OPEN01"), OrderKey("OP123456"), return_url, Channel.PORTAL, NOW)
    return ResultPage(outcome, payment, service, order, visit, delivery, (), back)


def reversal(done_at=None, *, returned=AMOUNT, state=ReversalState.DUE):
    return Reversal(
        "r", PaymentId("A" * 16), "c", "k", AMOUNT, returned, ReversalGround.CLAIM_LOST,
        ReversalState.DONE if done_at else state, NOW, done_at,
    )  # fmt: skip


def refund(returned):
    return Refund(
        "r", PaymentId("A" * 16), "c", "k", returned, returned, RefundGround.OPERATORS, RefundState.DONE, NOW,
        done_at=NOW,
    )  # fmt: skip


@pytest.fixture
def html(request_of):
    """A function that renders a result page."""

    def render(value, language="en", *, waiting=False):
        values = {"page": value, "state": "s", "waiting": waiting}
        return PageRenderer().fill("result.pt", values, request_of(f"/?lang={language}"))

    return render


@pytest.mark.parametrize(
    ("outcome", "told", "language", "return_url"),
    [*itertools.product(Outcome, [True, False], ["ro", "ru", "en"], ["https://school.example/back", ""])],
)
def test_every_outcome_has_its_page_in_every_language(html, outcome, told, language, return_url):
    text = html(page(outcome, told=told, return_url=return_url), language)
    assert "AAAA AAAA AAAA AAAA" in text
    assert ("https://school.example/back" in text) is bool(return_url)
    assert "None" not in text
    assert "<script>alert" not in text
    assert "Școala &lt;b&gt;" in text
    assert "Popescu" not in text


@pytest.mark.parametrize("outcome", sorted(ENDED))
def test_where_nothing_was_taken_it_says_so_and_offers_another_try(html, outcome):
    text = html(page(outcome))
    assert "No money was taken." in text
    assert f"/pay/{'t' * 22}/method" in text


@pytest.mark.parametrize("outcome", sorted(MUST_WAIT))
def test_what_is_not_settled_cannot_be_paid_again_from_here(html, outcome):
    text = html(page(outcome))
    assert "Do not pay again." in text
    assert "/method" not in text
    assert "receipt.pdf" not in text


def test_a_decline_gives_the_reason_in_plain_words(html):
    assert "not enough money" in html(page(Outcome.DECLINED))


def test_a_paid_page_leads_to_the_receipt_and_to_nowhere_by_itself(html):
    text = html(page())
    assert "receipt.pdf" in text
    assert "http-equiv" not in text
    assert "Yes, it has confirmed" in text


def test_beside_the_way_back_stands_that_the_service_does_not_know_yet(html):
    assert "may still show" in html(page(told=False))
    assert "may still show" not in html(page(told=True))


def test_a_waiting_page_finds_out_by_itself_with_and_without_script(html):
    text = html(page(Outcome.NOT_KNOWN), waiting=True)
    assert '<noscript><meta http-equiv="refresh"' in text
    assert "watch.js" in text
    assert "/status" in text


@pytest.mark.parametrize("outcome", [Outcome.PAID, Outcome.PAID_TWICE, Outcome.REFUSED_BY_SERVICE])
def test_money_on_its_way_back_is_told_with_its_date_once_it_is_known(html, outcome):
    assert "on its way to the bank" in html(page(outcome, back=(reversal(),)))
    assert "5 October 2026" in html(page(outcome, back=(reversal(NOW),)))


@pytest.mark.parametrize("outcome", [Outcome.PAID, Outcome.PAID_TWICE])
def test_the_bank_is_said_to_have_confirmed_only_what_it_gave_back_on_our_word(html, outcome):
    assert "The bank confirmed" in html(page(outcome, back=(reversal(NOW),)))
    otherwise = html(page(outcome, back=(reversal(NOW, returned=Money.zero("MDL")),)))
    assert "The bank confirmed" not in otherwise
    assert "The money was sent back on 5 October 2026" in otherwise


@pytest.mark.parametrize("outcome", [Outcome.PAID, Outcome.PAID_TWICE])
def test_money_that_went_back_hides_no_other_that_does_not(html, outcome):
    stuck = reversal(returned=Money.zero("MDL"), state=ReversalState.REFUSED)
    text = html(page(outcome, back=(reversal(NOW), stuck)))
    assert "The bank confirmed the refund on 5 October 2026" in text
    assert "The bank does not return the money by itself" in text
    under_way = html(page(outcome, back=(reversal(NOW), reversal())))
    assert "on its way to the bank" in under_way


@pytest.mark.parametrize("language", ["ro", "ru", "en"])
def test_a_refund_is_told_with_its_date_whole_or_in_part(html, language):
    whole = html(replace(page(Outcome.REFUNDED), refunds=(refund(AMOUNT),)), language)
    assert ("2026" in whole, "receipt.pdf" in whole) == (True, False)
    part = html(replace(page(), refunds=(refund(Money.from_minor(4000, "MDL")),)), language)
    assert ("40" in part, "receipt.pdf" in part) == (True, True)
    said = {"ro": "restitui", "ru": "вернули", "en": "returned to you"}[language]
    assert said in whole
    assert said in part
    assert said not in html(page(), language)


NUMBER = next_step_to_text(Instructions("700000000000001", NOW, ""))


@pytest.mark.parametrize("language", ["ro", "ru", "en"])
def test_a_payment_elsewhere_shows_its_number_until_when_and_what_happens_then(html, language):
    awaited = page(Outcome.AWAITED)
    awaited = replace(
        awaited,
        payment=replace(awaited.payment, state=PaymentState.CREATED, next_step=NUMBER, captured_at=None),
    )
    text = html(awaited, language)
    assert '<p class="number digits">700000000000001</p>' in text
    assert text.count("2026") == 1
    said = {"ro": "așteptăm banii", "ru": "мы ждём деньги", "en": "we wait for the money"}[language]
    assert said in text
    assert {"ro": "banc", "ru": "банк", "en": "bank"}[language] not in text.lower().split("<main")[1].split(
        "</main"
    )[0]


@pytest.mark.parametrize("outcome", [Outcome.EXPIRED, Outcome.PAID_TWICE, Outcome.AWAITED])
def test_words_for_cards_are_not_said_of_money_that_is_paid_elsewhere(html, outcome):
    elsewhere = page(outcome, back=(reversal(),) if outcome is Outcome.PAID_TWICE else ())
    text = html(replace(elsewhere, payment=replace(elsewhere.payment, next_step=NUMBER)))
    assert "bank" not in text.split("<main")[1].split("</main")[0].lower()
    assert "same card" not in text
    assert "No money was taken" not in text


def test_a_hostile_reason_stays_text(html):
    assert "&lt;script&gt;" in html(replace(page()))
