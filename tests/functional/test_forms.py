"""A beneficiary without an information system: a form of the gateway's own, its orders, and what was paid of them."""

import csv
import io
from dataclasses import replace

import pytest

from mpay_eservice_form import plugin
from mpay_gateway.domain.confirmation import Confirmation, ConfirmationToDeliver
from mpay_gateway.domain.errors import RemoteRefused
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderProperty
from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.flow.registration import apply_service, disable_service
from mpay_gateway.texts.local_days import local_day
from tests.scene.commands import mpay, token_of
from tests.scene.form_records import form_records
from tests.scene.forms import CHILD, KINDERGARTEN, MUSEUM, PATH, fill_in, order_key, register_forms
from tests.scene.payer import Payer
from tests.scene.waiting import eventually


@pytest.fixture
def gateway(make_gateway):
    gateway = make_gateway()
    register_forms(gateway)
    return gateway


class Nowhere:
    """Evidence that nobody keeps."""

    def sent(self, body, meta): ...

    def received(self, body, meta): ...


def pay(payer, invoice):
    """From the invoice to the result page, with a card that the bank approves."""
    gateway = payer.gateway
    started = payer.choose(payer.agree(invoice))
    gateway.counterparts.bank.pay(gateway.payment(started.payment_id).remote_reference, "approved")
    return payer.result(started)


def exported(gateway, service=KINDERGARTEN, *options):
    """The rows that the command writes of today."""
    today = str(local_day(gateway.clock.now()))
    return list(csv.DictReader(io.StringIO(mpay(gateway, "form", "export", service, today, *options))))


def told(gateway, payment_id):
    """What the service was told of a payment."""
    service = gateway.parts.services.get(KINDERGARTEN)
    confirmation = Confirmation.from_json(gateway.delivery(payment_id).content)
    return lambda changed=None: gateway.parts.calls.deliver_confirmation(
        service, ConfirmationToDeliver(changed or confirmation, 2, Nowhere())
    ), confirmation


def test_a_form_becomes_an_order_that_is_paid_told_once_and_exported(gateway, payer):
    invoice = fill_in(payer, **CHILD)
    assert (invoice.status, invoice.path.startswith("/pay/")) == (200, True), invoice.text
    for shown in (
        "700,50",
        "Ion Țurcanu",
        "Mijlocie (4-5 ani)",
        "01.09.2026",
        "Grădinița nr. 17, plata lunară",
    ):
        assert shown in invoice.text
    key = order_key(gateway, invoice)
    paid = pay(payer, invoice)
    assert paid.says("result.paid.title"), paid.text
    eventually(
        lambda: gateway.delivery(paid.payment_id).state, lambda state: state is DeliveryState.CONFIRMED
    )
    again, _ = told(gateway, paid.payment_id)
    again()
    meals, upkeep = exported(gateway)
    assert (meals["amount"], upkeep["amount"]) == ("620.00", "80.50")
    assert (meals["iban"], upkeep["iban"]) == ("MD87TRPBAA142310A1500001", "MD22AG000000022512345678")
    assert {row["payment_id"] for row in (meals, upkeep)} == {paid.payment_id}
    assert (meals["order_key"], meals["group"], meals["attends_from"]) == (key, "middle", "2026-09-01")
    assert len(form_records(gateway, f"order/{KINDERGARTEN}/")) == 1
    assert payer.open(f"/service/pay?ServiceID={KINDERGARTEN}&OrderKey={key}").says("standing.paid.title")


HOSTILE = "<img src=x onerror=alert(1)>\"'${ui} &amp;"


def test_what_is_said_of_a_line_and_cannot_be_changed_stands_on_the_page(gateway, payer, monkeypatch):
    of_line = said_of_line(monkeypatch, OrderProperty("Plot", "37B", "Lotul"))
    facts = facts_of(fill_in(payer, **CHILD))
    line = gateway.parts.services.get(KINDERGARTEN).settings.lines[1].reason.ro
    assert facts[f"{line}: {of_line.display_name}"] == "37B"
    assert "Ion Țurcanu" in facts.values()


def test_what_strangers_call_things_is_text_and_nothing_else(gateway, payer, monkeypatch):
    of_line = said_of_line(monkeypatch, OrderProperty("Plot", HOSTILE, HOSTILE))
    page = fill_in(payer, **CHILD)
    assert HOSTILE in facts_of(page).values()
    asked = said_of_line(monkeypatch, replace(of_line, modifiable=True, type=HOSTILE))
    page = payer.open(page.path)
    (field,) = [each for each in page.html.xpath("//input[@type='text']") if each.get("value") == asked.value]
    assert HOSTILE in page.html.xpath(f"//label[@for='{field.get('id')}']")[0].text_content()
    again = payer.agree(page, **{field.get("name"): HOSTILE + "x" * 255})
    assert again.status == 422
    for shown in (page, again):
        assert not shown.html.xpath("//img[@src='x']")
        assert "onerror=alert(1)>" not in shown.response.text


def said_of_line(monkeypatch, wanted):
    """From now on the second line of every form's order has this property."""
    real = plugin.order_now

    def with_more(*arguments):
        first, second = real(*arguments).lines
        return replace(real(*arguments), lines=(first, replace(second, properties=(wanted,))))

    monkeypatch.setattr(plugin, "order_now", with_more)
    return wanted


def facts_of(page):
    return {
        term.text_content(): term.getnext().text_content()
        for term in page.html.xpath("//dl[@class='facts']//dt")
    }


def test_each_wrong_field_has_its_own_error_and_nothing_is_kept(gateway, payer):
    wrong = CHILD | {"field-child": "", "field-group": "huge", "field-payer_idnp": "2000000000005"}
    page = fill_in(payer, **wrong, **{"field-absent_days": "32"})
    assert page.status == 422
    named = {str(link)[1:] for link in page.html.xpath("//div[@role='alert']//a/@href")}
    assert named == {"field-child", "field-group", "field-payer_idnp", "field-absent_days"}
    for place in named:
        (control,) = page.html.xpath(f"//*[@id='{place}']")
        assert control.get("aria-invalid") == "true"
        assert f"{place}-error" in control.get("aria-describedby").split()
        assert page.html.xpath(f"//*[@id='{place}-error']")
    assert page.html.xpath("//input[@name='field-payer_name']/@value") == ["Maria Țurcanu"]
    assert form_records(gateway, "") == ()


@pytest.mark.parametrize("typed", ["", "9.99", "50000.01", "1e3", "10.001", "-20"])
def test_a_free_amount_outside_its_bounds_is_refused(gateway, payer, typed):
    page = fill_in(payer, MUSEUM, **{"amount-donation": typed})
    assert page.status == 422
    assert page.html.xpath("//*[@id='amount-donation']/@aria-invalid") == ["true"]


def test_a_free_amount_is_paid_to_the_ban_and_a_fixed_one_never_comes_from_the_browser(gateway, payer):
    donation = fill_in(payer, MUSEUM, **{"amount-donation": "150,55"})
    paid = pay(payer, donation)
    assert gateway.payment(paid.payment_id).amount.minor == 150_55
    bent = fill_in(payer, **CHILD, **{"amount-meals": "1.00"})
    assert "700,50" in bent.text


def test_a_changed_definition_leaves_the_orders_that_were_made(gateway, payer):
    invoice = fill_in(payer, **CHILD)
    service = gateway.parts.services.get(KINDERGARTEN)
    meals, upkeep = service.settings.lines
    dearer = replace(meals, amount=meals.amount * 2)
    form = replace(service.settings, lines=(dearer, upkeep), fields=service.settings.fields[:1])
    apply_service(gateway.parts, replace(service, settings=form))
    eventually(lambda: gateway.parts.services.get(KINDERGARTEN).settings == form, within=60)
    assert "1.240,00" in payer.open(f"{PATH}{KINDERGARTEN}").text
    again = payer.open(invoice.path)
    assert "700,50" in again.text
    paid = pay(payer, again)
    assert gateway.payment(paid.payment_id).state is PaymentState.CAPTURED
    assert gateway.payment(paid.payment_id).amount.minor == 700_50


def test_a_second_payment_and_other_content_are_refused_for_good(gateway, payer):
    paid = pay(payer, fill_in(payer, **CHILD))
    eventually(
        lambda: gateway.delivery(paid.payment_id).state, lambda state: state is DeliveryState.CONFIRMED
    )
    tell, confirmation = told(gateway, paid.payment_id)
    other = replace(confirmation, payment_id=PaymentId("ANOTHERPAYMENT01"))
    less = replace(confirmation, lines=confirmation.lines[:1])
    for bent, code in ((other, "InvoiceAlreadyPaid"), (less, "InvalidParameter")):
        with pytest.raises(RemoteRefused) as refused:
            tell(bent)
        assert (refused.value.code, refused.value.permanent) == (code, True)
    assert len(exported(gateway)) == 2


def test_its_money_goes_back_when_two_operators_say_so_and_the_beneficiary_releases_it(gateway, payer, bank):
    paid = pay(payer, fill_in(payer, **CHILD))
    gateway.settle_down()
    payment = gateway.payment(paid.payment_id)
    ana, ion = token_of(gateway, "ana"), token_of(gateway, "ion")
    opened = mpay(
        gateway, "refund", "open", payment.id, "--reason", "paid twice", "--operator", "ana", token=ana
    )
    mpay(gateway, "refund", "approve", opened.partition(":")[0], "--operator", "ion", token=ion)
    gateway.work()
    assert "waits for the service" in mpay(gateway, "refund", "list")
    assert bank.session(payment.reference)["reversed_minor"] == 0
    release = (
        "form",
        "release",
        KINDERGARTEN,
        payment.order_key,
        "--operator",
        "ana",
        "--reason",
        "letter 12",
    )
    with pytest.raises(AssertionError, match="no such operator, or another token"):
        mpay(gateway, *release, token=ion)
    assert not any(row["released_at"] for row in exported(gateway))
    written = mpay(gateway, *release, token=ana)
    assert written.startswith(f"{payment.order_key}: 700.50 MDL released by operator:ana")
    gateway.clock.advance(minutes=6)
    gateway.work()
    gateway.settle_down()
    assert bank.session(payment.reference)["reversed_minor"] == 700_50
    [refund] = gateway.read(lambda work: work.refunds.of_payment(payment.id))
    assert (refund.state, refund.decision_id is not None) == (RefundState.DONE, True)
    assert payer.result(paid).says("result.refunded.title")
    assert all(row["released_at"] for row in exported(gateway))


def test_an_order_that_nobody_paid_in_time_is_expired(gateway, payer):
    invoice = fill_in(payer, MUSEUM, **{"amount-donation": "20"})
    (stored,) = form_records(gateway, f"order/{MUSEUM}/")
    overdue = stored.value.replace(b'"due_at":"20', b'"due_at":"19')
    assert overdue != stored.value
    older = replace(stored, value=overdue, version=stored.version + 1)
    gateway.parts.units.run(
        "test-age", lambda work: work.records.put("eservice:form", older, at=gateway.clock.now())
    )
    assert payer.open(invoice.path).says("standing.expired.title")


def test_the_page_speaks_three_languages_and_only_for_its_own_services(gateway, payer):
    for language, title in (
        ("ru", "Оплата детского сада"),
        ("en", "Kindergarten fee"),
        ("ro", "Plata pentru grădiniță"),
    ):
        assert payer.open(f"/services/{KINDERGARTEN}?lang={language}").heading == title
        again = payer.send(payer.open(f"{PATH}{KINDERGARTEN}"), PATH)
        assert (again.status, again.html.get("lang")) == (422, Language(language).value)
    assert payer.open(f"{PATH}DEMO01").status == 404
    disable_service(gateway.parts.units, KINDERGARTEN, clock=gateway.clock)
    eventually(lambda: payer.open(f"{PATH}{KINDERGARTEN}").says("problem.closed.title"), within=60)


def test_forged_odd_and_too_many_forms_are_refused(make_gateway):
    gateway = make_gateway(limits="forms_per_hour = 2", served=False)
    register_forms(gateway)
    payer, address = Payer(gateway), f"{PATH}{MUSEUM}"
    assert payer.post(address, {"amount-donation": "20"}).status == 400
    page = payer.open(address)
    form = dict(page.find_form(PATH).form_values()) | {"amount-donation": "20"}
    origin = payer._origin_of(page)
    twice = [*form.items(), ("amount-donation", "30")]
    assert payer.post(address, twice, headers=origin).status == 400
    assert payer.post(address, {**form, "field-donor": "\0"}, headers=origin).status == 400
    assert payer.post(address, {**form, "field-donor": "a" * 70_000}, headers=origin).status == 413
    assert payer.browser.put(address, expect_errors=True).status_int == 405
    assert form_records(gateway, "") == ()
    sent = [payer.send(page, PATH, **{"amount-donation": "20"}).status for _ in range(3)]
    assert sent == [200, 200, 429]
    assert Payer(gateway, address="198.51.100.9").open(address).status == 200
