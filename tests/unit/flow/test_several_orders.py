"""Several orders under one key: the payer chooses, and each is paid and told of under its own key alone."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.confirmation import Confirmation
from mpay_gateway.domain.errors import InvalidChoice, OrderNotNamed, UnknownOrder
from mpay_gateway.domain.identifiers import OrderKey
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderLookup, OrderProperty, OrderStatus
from mpay_gateway.flow.claiming import Standing
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import InvoicePage, agree, pass_second_factor, show_invoice
from mpay_gateway.flow.order_choosing import OrderChoice, choose_order
from mpay_gateway.flow.order_lookup import look_up
from mpay_gateway.flow.payment_start import Started
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.flow.visiting import Arrival, find_visit, open_visit
from mpay_gateway.storage.tables import evidence
from mpay_gateway.storage.visits import Visit
from tests.unit.flow.counting import rows_in
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, service_named

CLIENT = "127.0.0.1"


@pytest.fixture
def orders(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Which orders the service has under a key; under any other key the one with that key."""
    under: dict[str, tuple[str, ...]] = {"GROUP": ("ORDER-1", "ORDER-2")}

    def look_up(service: object, query: object) -> OrderLookup:
        gateway.calls._call(query.evidence, "GetOrderDetails")
        gateway.calls.asked_for.append(query.order_key)
        keys = under.get(query.order_key, (query.order_key,))
        return OrderLookup(tuple(gateway.calls.order(key) for key in keys))

    monkeypatch.setattr(gateway.calls, "asked_for", [], raising=False)
    monkeypatch.setattr(gateway.calls, "lookup_orders", look_up)
    return under


def arrive(gateway: ScriptedGateway, key: str = "GROUP") -> Visit:
    return open_visit(gateway.parts, Arrival(SERVICE, key, CLIENT, "https://shop.example/"))


def show(gateway: ScriptedGateway, visit: Visit) -> object:
    return show_invoice(gateway.parts, visit.token, Language.RO, client=CLIENT)


def choose(gateway: ScriptedGateway, visit: Visit, key: str) -> Visit:
    return choose_order(gateway.parts, visit.token, key, Language.RO, client=CLIENT)


def test_the_payer_is_shown_all_of_them_and_none_is_an_invoice_yet(gateway, orders):
    visit = arrive(gateway)
    page = show(gateway, visit)
    assert isinstance(page, OrderChoice)
    assert [each.order_key for each in page.orders] == ["ORDER-1", "ORDER-2"]
    assert find_visit(gateway.parts, visit.token).invoice_id is None


def test_each_is_read_paid_and_told_of_under_its_own_key(gateway, orders):
    visit = arrive(gateway)
    show(gateway, visit)
    for key in ("ORDER-1", "ORDER-2"):
        own = choose(gateway, visit, key)
        gateway.calls.asked_for.clear()
        started = gateway.press(gateway.agree(own.token))
        assert isinstance(started, Started)
        assert set(gateway.calls.asked_for) == {key}
        payment = gateway.capture(started.payment)
        told = gateway.parts.units.read(lambda work, of=payment.id: work.deliveries.of_payment(of))
        assert Confirmation.from_json(told.content).order_key == key
    assert isinstance(show(gateway, visit), OrderChoice)


def test_a_chosen_order_is_shown_though_its_key_stands_for_several_too(gateway, orders):
    orders["ORDER-1"] = ("ORDER-1", "ORDER-2")
    own = choose(gateway, arrive(gateway, "ORDER-1"), "ORDER-1")
    page = show(gateway, own)
    assert isinstance(page, InvoicePage)
    assert (page.invoice.order.order_key, own.chosen_from != "") == ("ORDER-1", True)


def test_what_the_service_does_not_have_under_the_key_cannot_be_chosen(gateway, orders):
    with pytest.raises(InvalidChoice, match=r"order\.unknown"):
        choose(gateway, arrive(gateway), "ORDER-3")


def test_the_only_one_that_is_left_needs_no_choice(gateway, orders):
    visit = arrive(gateway, "ORDER-1")
    assert choose(gateway, visit, "ORDER-1").token == visit.token
    assert isinstance(show(gateway, visit), InvoicePage)


def test_the_way_back_and_the_channel_go_with_the_payer(gateway, orders):
    apply_service(gateway.parts, replace(service_named(SERVICE), return_hosts=("shop.example",)))
    visit = arrive(gateway)
    own = choose(gateway, visit, "ORDER-2")
    assert (own.return_url, own.channel, own.chosen_from) == (visit.return_url, visit.channel, visit.token)
    assert own.return_url == "https://shop.example/"


def test_who_agreed_to_one_order_agrees_to_nothing_when_there_are_several(gateway, orders):
    visit = arrive(gateway, "ORDER-1")
    page = show(gateway, visit)
    assert isinstance(page, InvoicePage)
    orders["ORDER-1"] = ("ORDER-1", "ORDER-2")
    agreed = agree(
        gateway.parts, visit.token, Agreement(page.invoice.order.version), Language.RO, client=CLIENT
    )
    assert isinstance(agreed, OrderChoice)
    assert find_visit(gateway.parts, visit.token).accepted_version == ""


def test_one_that_cannot_be_paid_says_why(gateway, orders):
    gateway.calls.order_status["ORDER-2"] = OrderStatus.EXPIRED
    page = show(gateway, arrive(gateway))
    assert isinstance(page, OrderChoice)
    assert [page.standing(each) for each in page.orders] == [Standing.PAYABLE, Standing.EXPIRED]


def test_a_second_factor_must_fit_every_order_before_any_is_shown(gateway, orders, monkeypatch):
    apply_service(gateway.parts, replace(service_named(SERVICE), second_factor="property:Plate"))
    was, plates = gateway.calls.order, {"ORDER-1": "CDR 482", "ORDER-2": "CDR 482"}
    monkeypatch.setattr(
        gateway.calls,
        "order",
        lambda key: replace(was(key), properties=(OrderProperty("Plate", plates[key]),)),
    )
    visit = arrive(gateway)
    with pytest.raises(UnknownOrder):
        choose(gateway, visit, "ORDER-1")
    plates["ORDER-2"] = "XYZ 1"
    with pytest.raises(UnknownOrder):
        pass_second_factor(gateway.parts, visit.token, "CDR 482", Language.RO, client=CLIENT)
    plates["ORDER-2"] = "CDR 482"
    pass_second_factor(gateway.parts, visit.token, "CDR 482", Language.RO, client=CLIENT)
    assert isinstance(show(gateway, visit), OrderChoice)
    assert choose(gateway, visit, "ORDER-1").factor_passed


def test_a_payment_is_never_made_of_a_key_that_stands_for_others(gateway, orders):
    """The look-up just before paying carries the key that was asked for (contract, section 6)."""
    service = gateway.parts.services.get(SERVICE)
    with pytest.raises(OrderNotNamed):
        look_up(gateway.parts, service, OrderKey("GROUP"), Language.RO)


def test_what_the_service_said_is_kept_though_it_became_no_invoice(gateway, orders):
    show(gateway, arrive(gateway))
    assert rows_in(gateway, evidence) == 2
