"""What a screen reader says at each step, in each language: roles, names and descriptions in reading order."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from mpay_gateway.domain.language import Language
from tests.browser.journey import reach_bank, reach_invoice, reach_method
from tests.browser.listening import Spoken, listen
from tests.browser.pages import Find, KeyForm, Result
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, Window, open_window
from tests.browser.words import FINES, KINDERGARTEN, LANGUAGES, MUSEUM, OFFICE, lei

_ORDER_NUMBER = {
    Language.RO: "Numărul comenzii",
    Language.RU: "Номер заказа",
    Language.EN: "Order number",
}
_TICKET = {
    Language.RO: "Numărul procesului-verbal",
    Language.RU: "Номер протокола",
    Language.EN: "Ticket number",
}
_PLATE = {
    Language.RO: "Numărul de înmatriculare",
    Language.RU: "Регистрационный номер автомобиля",
    Language.EN: "Number plate",
}
_EXAMPLE = "10482651"
_SHOP_CONTACT = (Spoken("link", "022 000 001"), Spoken("link", "orders@codru.example"))
_OUR_CONTACT = (Spoken("link", "022 000 000"), Spoken("link", "help@mpay-demo.example"))


@pytest.fixture(params=LANGUAGES)
def window(request: pytest.FixtureRequest, browser: Browser, stack: Stack) -> Iterator[Window]:
    """A browser that has chosen its language."""
    with open_window(browser, stack.sites, DESKTOP) as window:
        window.speak(request.param, stack.url)
        yield window


def test_catalogue_names_services_and_what_each_needs(window: Window) -> None:
    language = window.language

    links = {each.name for each in listen(window) if each.role == "link"}

    assert links == {
        f"{FINES[language]} {window.says('catalogue.you_need', what=_TICKET[language])}",
        f"{OFFICE[language]} {window.says('catalogue.you_need', what=_ORDER_NUMBER[language])}",
        f"{KINDERGARTEN[language]} {window.says('catalogue.form')}",
        f"{MUSEUM[language]} {window.says('catalogue.form')}",
        window.says("catalogue.paid_link"),
    }


def test_key_form_names_and_describes_its_fields(stack: Stack, window: Window) -> None:
    language = window.language
    window.go(f"{stack.url}/services/DEMO02")

    assert _fields(window) == [
        Spoken("heading 1", window.says("key.heading")),
        Spoken("textbox", _TICKET[language], f"{window.says('key.example')} {_EXAMPLE}"),
        Spoken("textbox", _PLATE[language], window.says("factor.hint")),
        Spoken("button", window.says("form.continue")),
    ]


def test_errors_are_announced_and_belong_to_their_fields(stack: Stack, window: Window) -> None:
    language = window.language
    window.go(f"{stack.url}/services/DEMO02")
    KeyForm(window).enter(_TICKET[language], "", (_PLATE[language], ""))
    wrong = window.says("form.error_prefix")
    missing = window.says("form.order_key.missing"), window.says("form.factor.missing")

    assert window.page.title().startswith(wrong)
    assert listen(window)[:7] == [
        Spoken("alert", window.says("form.errors")),
        Spoken("heading 2", window.says("form.errors")),
        Spoken("link", missing[0]),
        Spoken("link", missing[1]),
        Spoken("heading 1", window.says("key.heading")),
        Spoken("invalid textbox", _TICKET[language],
               f"{window.says('key.example')} {_EXAMPLE} {wrong} {missing[0]}"),
        Spoken("invalid textbox", _PLATE[language], f"{window.says('factor.hint')} {wrong} {missing[1]}"),
    ]  # fmt: skip


def test_invoice_says_what_is_paid_and_the_button_how_much(stack: Stack, window: Window) -> None:
    reach_invoice(window, stack, stack.shop.order("one-line", amount="150.00"))

    assert listen(window) == [
        Spoken("heading 1", window.says("invoice.heading")),
        Spoken("heading 2", window.says("invoice.details")),
        Spoken("term", window.says("invoice.reason")),
        Spoken("term", window.says("invoice.due")),
        Spoken("term", window.says("invoice.payer")),
        Spoken("term", window.says("invoice.payer_code")),
        Spoken("term", _ORDER_NUMBER[window.language]),
        Spoken("term", window.says("invoice.number")),
        Spoken("button", window.says("invoice.pay", amount=lei("150.00", window.language))),
        Spoken("link", window.says("invoice.download")),
        Spoken("link", window.says("result.return", service=OFFICE[window.language])),
        *_SHOP_CONTACT,
    ]


def test_partial_amount_field_says_its_range(stack: Stack, window: Window) -> None:
    reach_invoice(window, stack, stack.shop.order("partial", amount="150.00"))
    ends = {"least": lei("0.01", window.language), "most": lei("150.00", window.language)}

    field = next(each for each in listen(window) if each.role == "textbox")

    assert field.name == window.says("invoice.amount", currency="MDL")
    assert field.about == window.says("invoice.amount_range", **ends)


def test_way_to_pay_is_chosen_in_a_named_group(stack: Stack, window: Window) -> None:
    reach_method(window, stack, stack.shop.order("one-line", amount="150.00"))

    spoken = [each for each in listen(window) if each.role != "term"]

    assert spoken[0] == Spoken("heading 1", window.says("method.title"))
    assert spoken[1] == Spoken("group", window.says("method.legend"))
    assert spoken[2].role == "checked radio"
    assert spoken[2].about.endswith(window.says("method.no_fee"))
    assert spoken[3:] == [
        Spoken("button", window.says("method.pay", amount=lei("150.00", window.language))),
        Spoken("link", window.says("method.back")),
    ]


def test_page_before_the_bank_says_where_one_is_sent(stack: Stack, window: Window) -> None:
    reach_bank(window, stack, stack.shop.order())

    assert [each for each in listen(window) if each.role != "term"] == [
        Spoken("heading 1", window.says("bank.title.link")),
        Spoken("link", window.says("bank.go")),
        Spoken("link", window.says("bank.result")),
    ]


def test_result_says_first_what_became_of_the_payment(stack: Stack, window: Window) -> None:
    bank = reach_bank(window, stack, stack.shop.order("one-line", amount="150.00"))
    stack.bank.pay(bank.session)
    window.go(bank.result_address)
    Result(window, outcome="paid")

    assert listen(window) == [
        Spoken("heading 1", window.says("result.paid.title")),
        Spoken("heading 2", window.says("result.details")),
        Spoken("term", window.says("method.to")),
        Spoken("term", window.says("invoice.reason")),
        Spoken("term", _ORDER_NUMBER[window.language]),
        Spoken("term", window.says("result.time")),
        Spoken("term", window.says("result.method")),
        Spoken("term", window.says("result.reference")),
        Spoken("term", window.says("result.service_knows")),
        Spoken("link", window.says("result.receipt")),
        Spoken("link", window.says("result.return", service=OFFICE[window.language])),
        *_OUR_CONTACT,
    ]


def test_find_form_names_and_describes_its_fields(stack: Stack, window: Window) -> None:
    Find(window.go(f"{stack.url}/find"))

    assert listen(window) == [
        Spoken("heading 1", window.says("find.title")),
        Spoken("textbox", window.says("find.reference"), window.says("find.reference_hint")),
        Spoken("textbox", window.says("find.order_key"), window.says("find.order_key_hint")),
        Spoken("button", window.says("find.button")),
    ]


def _fields(window: Window) -> list[Spoken]:
    """The main heading and what a form is made of."""
    roles = {"heading 1", "textbox", "button"}
    return [each for each in listen(window) if each.role in roles]
