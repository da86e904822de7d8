"""Ways in: from a service's page, from the catalogue, in the payer's language."""

import pytest

from mpay_gateway.domain.errors import TooManyRequests
from mpay_gateway.domain.language import Language
from mpay_gateway.flow.lookup_limits import LookupLimits
from mpay_gateway.settings import LimitSettings
from tests.unit.web.reading import heading


@pytest.mark.parametrize(
    "names", [("ServiceID", "OrderKey"), ("serviceid", "ORDERKEY"), ("serviceId", "orderKey")]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_parameters_are_matched_without_regard_to_case(browser, method, names):
    values = dict(zip(names, ("OPEN01", " OP123456 "), strict=True))
    arrived = getattr(browser, method)("/service/pay", values, status=303)
    assert "/pay/" in arrived.headers["Location"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/service/pay", "ServiceID=OPEN01&ServiceID=GUESS1&OrderKey=OP123456"),
        ("/service/pay", "ServiceID=OPEN01&serviceid=OPEN01&OrderKey=OP123456"),
        ("/service/pay?ServiceID=OPEN01", "ServiceID=OPEN01&OrderKey=OP123456"),
        ("/service/pay", "ServiceID=OPEN01"),
        ("/service/pay", "OrderKey=OP123456"),
    ],
    ids=["twice", "twice in two cases", "address and body", "no key", "no service"],
)
def test_a_doubtful_arrival_is_refused(browser, path, body):
    browser.post(path, body, status=400)


def test_an_impossible_key_gets_the_form_again_in_the_service_s_words(browser):
    page = browser.post("/service/pay", {"ServiceID": "OPEN01", "OrderKey": "XX"}, status=404)
    assert page.forms[0]["order_key"].value == "XX"
    assert "Numărul cererii" in page.text
    assert "/service/pay?ServiceID=OPEN01&amp;OrderKey=XX&amp;lang=ru" in page.text


def test_a_language_that_a_service_names_is_kept(browser):
    arrived = browser.post("/service/pay", {"ServiceID": "OPEN01", "OrderKey": "OP123456", "lang": "ru"})
    assert arrived.headers["Location"].endswith("?lang=ru")


def test_the_form_shows_label_and_example_and_says_what_is_missing(browser):
    page = browser.get("/services/OPEN01?lang=en")
    assert "Request number" in page.text
    assert "OP123456" in page.text
    again = page.forms[0].submit(status=422)
    assert 'href="#order_key"' in again.text
    assert again.html.title.text.startswith("Error:")
    assert again.html.find("input", id="order_key")["aria-invalid"] == "true"


def test_a_guessable_key_is_asked_for_with_something_else(browser):
    form = browser.get("/services/GUESS1").forms[0]
    form["order_key"] = "12345678"
    assert 'href="#factor"' in form.submit(status=422).text


def test_too_many_misses_are_slowed_down(browser):
    statuses = [guess(browser, f"WRONG{number}") for number in range(7)]
    assert statuses[0] == 404
    assert statuses[-1] == 429


def test_the_same_wrong_key_again_is_no_new_guess(browser):
    assert [guess(browser, "WRONG") for _ in range(12)] == [404] * 12


def guess(browser, key, **extra):
    form = browser.get("/services/OPEN01").forms[0]
    form["order_key"] = key
    return form.submit(expect_errors=True, **extra).status_int


@pytest.mark.parametrize("sought", ["scoala", "ŞCOALA", "автошкола", "permits", "OPEN01", "school driving"])
def test_the_catalogue_is_searched_in_every_language_without_marks(browser, sought):
    page = browser.get("/", {"q": sought, "lang": "ro"})
    assert "Școala de șoferi" in page.text
    assert "Amenzi" not in page.html.main.text


def test_a_search_that_finds_nothing_says_so(browser):
    assert "S-au găsit 0 servicii" in browser.get("/", {"q": "<b>zzz"}).text


def test_what_is_sought_is_never_markup(browser):
    assert "<script>" not in browser.get("/", {"q": "<script>alert(1)</script>"}).html.main.decode_contents()


@pytest.mark.parametrize("language", list(Language))
def test_a_chosen_language_stays(browser, language):
    chosen = heading(browser.get(f"/help?lang={language}"))
    assert heading(browser.get("/help")) == chosen


@pytest.mark.parametrize("odd", ["../../etc", "de", "ROO", ""])
def test_an_unknown_language_is_romanian(browser, odd):
    assert browser.get("/help", {"lang": odd}).html.html["lang"] == "ro"


def test_the_switch_keeps_the_place_and_its_query(browser):
    page = browser.get("/?q=amenzi&lang=ru")
    links = [link["href"] for link in page.html.find(class_="languages").find_all("a")]
    assert links == ["/?q=amenzi&lang=ro", "/?q=amenzi&lang=ru", "/?q=amenzi&lang=en"]


def test_without_cookies_the_language_stays_in_the_addresses(browser):
    page = browser.get("/?lang=en")
    assert page.html.find(class_="card")["href"].endswith("?lang=en")


@pytest.mark.parametrize("reference", ["", "ABCD EFGH JKMN PQRS"])
def test_find_says_what_is_missing_and_tells_nothing_of_others_payments(browser, reference):
    form = browser.get("/find").forms[0]
    form["reference"], form["order_key"] = reference, "OP123456"
    page = form.submit(status=404 if reference else 422)
    assert 'href="#reference"' in page.text


def test_a_receipt_that_is_not_ours_is_not_genuine(browser):
    page = browser.get("/check/" + "r" * 22 + "?lang=en", status=404)
    assert "do not know this receipt" in heading(page)


def test_padding_a_second_factor_makes_no_new_question(browser):
    """The factor is compared by its letters and digits; so are the guesses counted."""
    limits = LookupLimits(LimitSettings())
    for number in range(5):
        limits.not_found("198.51.100.7", "GUESS1", "12345678", f"{'-' * 300}AB{number}")
    with pytest.raises(TooManyRequests):
        limits.refuse_guesser("198.51.100.7")
    limits.not_found("198.51.100.8", "GUESS1", "12345678", "AB1")
    for padding in range(9):
        limits.not_found("198.51.100.8", "GUESS1", "12345678", f"{'-' * padding}ab 1")
    limits.refuse_guesser("198.51.100.8")
