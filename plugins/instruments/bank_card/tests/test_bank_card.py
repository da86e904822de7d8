"""The card instrument: what the payer is offered, and what he may choose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pyramid.config import Configurator
from webtest import TestApp

from mpay_gateway.api import (
    Clock,
    HttpClient,
    InstrumentChoice,
    InstrumentPlan,
    InvalidChoice,
    Invoice,
    InvoiceId,
    Language,
    LocalText,
    Money,
    Need,
    Order,
    OrderKey,
    OrderLine,
    OrderStatus,
    PaymentAccount,
    PluginContext,
    Service,
    ServiceId,
)
from mpay_instrument_bank_card import BankCard
from mpay_instrument_bank_card.settings import BankCardSettings

Offers = Callable[..., BankCard]


class Unused(HttpClient, Clock):
    """The instrument opens no connection and asks no clock."""


def card(instance: str = "card", **settings: object) -> BankCard:
    return BankCard(PluginContext(instance, Unused(), Unused()), BankCardSettings(**settings))


def invoice(payable: str | None = "150.00", currency: str = "MDL") -> Invoice:
    due = None if payable is None else Money(Decimal(payable), currency)
    order = Order(
        service_id=ServiceId("DEMO01"),
        order_key=OrderKey("DEMO-01"),
        reason="Extract",
        status=OrderStatus.ACTIVE,
        currency=currency,
        total_due=due,
        lines=(OrderLine("1", "Extract", due, PaymentAccount()),),
    )
    service = Service(ServiceId("DEMO01"), "soap", LocalText("Demo"), LocalText("Nr."), settings=None)
    return Invoice(InvoiceId("00000000000000"), service, order, "s1", due, datetime(2026, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("language", "label", "bank"),
    [
        (Language.RO, "Card bancar", "băncii"),
        (Language.RU, "Банковская карта", "банка"),
        (Language.EN, "Bank card", "bank's"),
    ],
)
def test_the_offer_speaks_the_payer_s_language(language: Language, label: str, bank: str) -> None:
    offer = card().mpay_offer_instruments(invoice(), language)
    assert offer is not None
    assert (offer.label, offer.unavailable, offer.fee) == (label, "", None)
    assert bank in offer.what_happens_next
    assert offer.duration


def test_an_operator_may_name_the_instrument() -> None:
    own = card(label=LocalText(ro="Visa sau Mastercard"))
    offer = own.mpay_offer_instruments(invoice(), Language.EN)
    assert offer is not None
    assert offer.label == "Visa sau Mastercard"
    assert offer.duration == "At once, usually in less than a minute"


def test_an_order_in_another_currency_is_not_offered_the_card() -> None:
    assert card().mpay_offer_instruments(invoice(currency="EUR"), Language.RO) is None
    assert card(currencies=("MDL", "EUR")).mpay_offer_instruments(invoice(currency="EUR"), Language.RO)


@pytest.mark.parametrize(
    ("language", "why"),
    [
        (Language.RO, "Cu cardul se pot plăti cel mult 1\N{NBSP}000,00\N{NBSP}MDL."),
        (Language.RU, "Картой можно оплатить не более 1\N{NBSP}000,00\N{NBSP}MDL."),
        (Language.EN, "The most that can be paid by card is 1,000.00\N{NBSP}MDL."),
    ],
)
def test_an_amount_above_the_limit_says_why(language: Language, why: str) -> None:
    limited = card(maximum=Decimal(1000))
    offer = limited.mpay_offer_instruments(invoice("1000.01"), language)
    assert offer is not None
    assert offer.unavailable == why
    at_the_limit = limited.mpay_offer_instruments(invoice("1000.00"), language)
    assert at_the_limit is not None
    assert at_the_limit.unavailable == ""


def test_an_amount_below_the_limit_says_why() -> None:
    offer = card(minimum=Decimal("5.00")).mpay_offer_instruments(invoice("4.99"), Language.EN)
    assert offer is not None
    assert offer.unavailable == "The least that can be paid by card is 5.00\N{NBSP}MDL."


@pytest.mark.parametrize("amount", ["4.99", "1000.01"])
def test_what_the_payer_agreed_to_pay_keeps_to_the_limits_whatever_else_the_order_allows(amount: str) -> None:
    whole = invoice(amount)
    flexible = replace(whole, order=replace(whole.order, allow_partial=True, allow_advance=True))
    limited = card(minimum=Decimal(5), maximum=Decimal(1000))
    with pytest.raises(InvalidChoice, match=r"choice\.unavailable"):
        limited.mpay_select_instrument(flexible, InstrumentChoice("card"))


def test_an_order_of_unknown_amount_can_be_paid_by_card() -> None:
    offer = card(minimum=Decimal(5), maximum=Decimal(10)).mpay_offer_instruments(invoice(None), Language.RO)
    assert offer is not None
    assert offer.unavailable == ""


def test_choosing_the_card_asks_for_nothing() -> None:
    assert card().mpay_select_instrument(invoice(), InstrumentChoice("card")) == InstrumentPlan(Need.REDIRECT)


def test_a_field_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(InvalidChoice) as refused:
        card().mpay_select_instrument(invoice(), InstrumentChoice("card", (("pan", "4000000000001000"),)))
    assert (refused.value.field, refused.value.reason) == ("pan", "choice.unknown_field")
    assert "4000000000001000" not in str(refused.value)


@pytest.mark.parametrize("order", [invoice("1000.01"), invoice(currency="EUR")])
def test_a_choice_that_was_not_offered_is_refused(order: Invoice) -> None:
    with pytest.raises(InvalidChoice, match=r"choice\.unavailable"):
        card(maximum=Decimal(1000)).mpay_select_instrument(order, InstrumentChoice("card"))


def test_each_instance_serves_its_logo_at_the_address_that_it_offers() -> None:
    config = Configurator()
    for instrument in (card("card"), card("card-of-another-bank")):
        with config.route_prefix_context(f"/x/{instrument._id}"):
            instrument.mpay_includeme(config)
    portal = TestApp(config.make_wsgi_app())
    for instance in ("card", "card-of-another-bank"):
        offer = card(instance).mpay_offer_instruments(invoice(), Language.RO)
        assert offer is not None
        answer = portal.get(offer.logo)
        assert answer.content_type == "image/svg+xml"
        assert answer.body.startswith(b"<svg")


@pytest.mark.parametrize(
    "wrong",
    [
        {"currencies": ()},
        {"currencies": ("mdl",)},
        {"minimum": Decimal(-1)},
        {"minimum": Decimal("0.001")},
        {"minimum": Decimal(10), "maximum": Decimal(5)},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- each with its own words
        BankCardSettings(**wrong)
