"""What the payer fills in, on the real pages: an error beside each field in his language, and nothing typed is lost."""

import re

import pytest
from structlog.testing import capture_logs

from mpay_gateway.domain.language import Language
from tests.scene.payer import Page, Payer, says

WRONG = {"Telephone": "", "OwnerCode": "2002004005677", "TaxCode": "12", "Copies": "many"}
SECRET = "069 777 888"


@pytest.fixture
def visitor(patient_gateway) -> Payer:
    return Payer(patient_gateway)


def inputs(page: Page) -> dict[str, object]:
    """The inputs of the invoice's form by their labels, in the order of the page."""
    form = page.find_form("/pay/")
    found = {}
    for label in form.xpath(".//label"):
        (field,) = form.xpath(f".//input[@id='{label.get('for')}']")
        found[" ".join(label.text_content().split())] = field
    return found


def filled(page: Page, *values: str) -> dict[str, str]:
    """Values in the order of the page: who pays, telephone, owner's code, tax code, copies, recipient."""
    return {field.get("name"): value for field, value in zip(inputs(page).values(), values, strict=True)}


@pytest.mark.parametrize("language", Language)
def test_an_error_stands_beside_each_field_in_the_payers_language_and_values_are_kept(
    visitor, shop, language
):
    page = visitor.arrive(shop.order("fill-in"), language=language.value)
    typed = ("x", "", "2002004005677", "12", "many", "Ana")
    again = visitor.agree(page, **filled(page, *typed))
    assert again.status == 422
    wanted = ("fill.customer", "fill.missing", "fill.idn", "fill.tc", "fill.number")
    fields = list(inputs(again).values())
    for field, key, value in zip(fields, wanted, typed, strict=False):
        assert field.get("aria-invalid") == "true", key
        described = field.get("aria-describedby").split()
        (error,) = again.html.xpath(f"//*[@id='{field.get('id')}-error']")
        assert error.get("id") in described
        assert says(f"form.{key}", language) in " ".join(error.text_content().split())
        assert field.get("value") == value
    assert (fields[-1].get("aria-invalid"), fields[-1].get("value")) == (None, "Ana")
    links = again.html.xpath("//div[@role='alert']//a/@href")
    assert links == [f"#{field.get('id')}" for field in fields[:5]]


@pytest.mark.parametrize("language", Language)
def test_fields_are_called_as_the_service_calls_them_in_the_payers_language(visitor, shop, language):
    order = shop.order("fill-in")
    labels = list(inputs(visitor.arrive(order, language=language.value)))
    telephone = {"ro": "Telefon", "ru": "Телефон", "en": "Telephone"}[language.value]
    assert labels[0] == says("fill.customer", language)
    assert labels[1] == telephone
    assert labels[-1].endswith(says("fill.optional", language))


def test_what_the_payer_fills_in_is_in_no_address_and_in_no_log(visitor, shop):
    page = visitor.arrive(shop.order("fill-in"))
    with capture_logs() as logs:
        method = visitor.agree(page, **filled(page, "AB123456", SECRET, "2002004005676", "", "2", "Ana"))
        assert method.path.endswith("/method")
        started = visitor.choose(method)
    assert SECRET not in str(logs)
    assert "AB123456" not in str(logs)
    for seen in (method, started):
        assert SECRET not in seen.response.request.url
        assert SECRET not in seen.response.text


def test_a_hidden_property_is_nowhere_on_the_page(visitor, shop):
    page = visitor.arrive(shop.order("fill-in"))
    assert "Source" not in page.response.text
    assert 'value="web"' not in page.response.text


@pytest.mark.parametrize("language", Language)
def test_an_amount_that_nobody_knows_is_asked_for(visitor, shop, language):
    page = visitor.arrive(shop.order("amount-unknown"), language=language.value)
    assert page.heading == says("invoice.heading", language)
    assert page.says("invoice.amount_unknown", language)
    for typed, key in (
        ("", "amount.missing"),
        ("1,234", "amount.too-fine"),
        ("many", "amount.not-a-number"),
        ("0", "amount.not-a-number"),
    ):
        again = visitor.agree(page, amount=typed)
        assert again.status == 422
        assert again.says(f"form.{key}", language)
        assert inputs(again)[says("invoice.amount", language, currency="MDL")].get("value") == typed
    assert visitor.agree(page, amount="12,50").path.endswith("/method")


def test_an_advance_is_paid_to_the_service_and_the_line_that_takes_it(gateway, payer, shop):
    order = shop.order("advance", amount="100.00")
    page = payer.pay(order, amount="250")
    assert page.says("result.told")
    (told,) = shop.confirmations(order)
    assert [line["amount"] for line in told["lines"]] == ["250.00"]
    assert shop.state(order)["state"] == "paid"


def test_an_unknown_amount_is_paid_and_told(gateway, payer, shop):
    order = shop.order("amount-unknown")
    assert payer.pay(order, amount="12.50").says("result.told")
    (told,) = shop.confirmations(order)
    assert [line["amount"] for line in told["lines"]] == ["12.50"]


def test_flags_of_the_first_line_count(visitor, shop):
    page = visitor.arrive(shop.order("line-flags"))
    assert re.search(r"0,01", page.text)
    assert visitor.agree(page, amount="1").path.endswith("/method")


def test_a_line_without_account_goes_to_the_default_one(gateway, payer, shop):
    order = shop.order("no-account")
    assert payer.pay(order).says("result.told")
    (told,) = shop.confirmations(order)
    service = gateway.parts.services.get(order.service_id)
    assert told["lines"][0]["account"]["bank_account"] == service.account.iban


def test_a_kiosk_does_not_take_what_only_the_portal_can_ask(gateway, shop, kiosks):
    order = shop.order("fill-in")
    assert kiosks.check(order)["result"] == 7
    assert kiosks.pay(order, check=False)["state"] == "refused"
    assert gateway.payments(order.key) == ()


def test_texts_are_in_the_language_that_the_payer_asked_for(visitor, shop):
    """Another language is asked for anew; it is the same order, and what was agreed to stands."""
    order = shop.order("fill-in")
    page = visitor.arrive(order, language="ro")
    seen = {}
    for language in Language:
        shown = visitor.open(f"/pay/{page.token}?lang={language.value}")
        (reason,) = shown.html.xpath(
            "//dt[normalize-space()=$what]/../dd", what=says("invoice.reason", language)
        )
        seen[language] = (" ".join(reason.text_content().split()), list(inputs(shown))[1])
    assert len({reason for reason, _ in seen.values()}) == 3
    assert {telephone for _, telephone in seen.values()} == {"Telefon", "Телефон", "Telephone"}
    assert {each["language"].lower() for each in shop.lookups(order)} == {"ro", "ru", "en"}
    now = visitor.gateway.clock.now()
    newest = visitor.gateway.read(lambda work: work.snapshots.newest("DEMO01", order.key, not_after=now))
    assert newest is not None
    versions = newest.order.version
    assert shown.find_form("/pay/").fields["version"] == versions


@pytest.mark.parametrize("language", Language)
def test_a_due_date_in_the_doubled_hour_is_shown_as_the_service_wrote_it(visitor, shop, language):
    page = visitor.arrive(shop.order("doubled-hour"), language=language.value)
    assert page.heading == says("invoice.heading", language)
    assert "31" in page.text
    assert not page.says("invoice.overdue", language)
