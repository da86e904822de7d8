"""What an error becomes: a status, a page in the payer's words, a reference, a line in the log."""

from types import SimpleNamespace

import pytest
from pyramid.exceptions import BadCSRFToken
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPRequestEntityTooLarge
from sqlalchemy.exc import OperationalError

from mpay_gateway.domain import errors as domain
from mpay_gateway.web.errors import problem_of, show_error
from tests.unit.web.reading import heading

SECRET = "Popescu Ion 2000123456426"
STATUS = [
    (BadCSRFToken(), 400),
    (HTTPForbidden(), 403),
    (HTTPNotFound(), 404),
    (HTTPRequestEntityTooLarge(), 413),
    (domain.InvalidChoice("amount", "x"), 400),
    (domain.InvalidCallback(SECRET), 400),
    (domain.UnknownOrder(SECRET), 404),
    (domain.ServiceClosed(SECRET), 409),
    (domain.InvoiceAlreadyPaid(), 409),
    (domain.PaymentInProgress("A"), 409),
    (domain.TooManyRequests(90), 429),
    (domain.RemoteUnavailable(SECRET), 503),
    (domain.OutcomeUnknown(SECRET), 503),
    (domain.RemoteRefused("InternalError", SECRET), 503),
    (domain.ProviderRefused("InternalError", SECRET), 503),
    (domain.DocumentFailed(SECRET), 503),
    (OperationalError(SECRET, {}, Exception()), 503),
    (domain.PluginBug("a", "b", SECRET), 500),
    (RuntimeError(SECRET), 500),
]


@pytest.mark.parametrize(("error", "status"), STATUS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("language", ["ro", "ru", "en"])
def test_each_error_has_a_page_that_tells_nothing_of_its_own_text(
    request_of, logged, error, status, language
):
    answer = show_error(error, request_of(f"/?lang={language}"))
    assert answer.status_int == problem_of(error).status == status
    assert f'lang="{language}"' in answer.text
    assert heading(answer)
    assert "Popescu" not in answer.text
    assert "Traceback" not in answer.text


def test_a_bug_is_logged_with_its_reference_and_places_and_without_its_message(request_of, logged):
    def fail():
        raise RuntimeError(SECRET)

    with pytest.raises(RuntimeError) as raised:
        fail()
    answer = show_error(raised.value, request_of())
    [event] = logged
    assert event["reference"] in answer.text
    assert "test_errors.py" in event["trace"]
    assert "Popescu" not in str(event)


@pytest.mark.parametrize(
    ("error", "seconds"), [(domain.TooManyRequests(90), "90"), (domain.RemoteUnavailable(), "60")]
)
def test_what_may_work_later_says_when(request_of, error, seconds):
    assert show_error(error, request_of()).headers["Retry-After"] == seconds


def test_minutes_are_rounded_up_and_agree_with_their_number(request_of):
    assert "in 2 minutes" in show_error(domain.TooManyRequests(61), request_of("/?lang=en")).text
    assert "через 1 минуту" in show_error(domain.TooManyRequests(5), request_of("/?lang=ru")).text


def test_a_service_that_is_down_is_named_and_nothing_is_charged(browser):
    arrived = browser.post("/service/pay?lang=en", {"ServiceID": "OPEN01", "OrderKey": "OP123456"})
    page = arrived.follow(status=503)
    assert "Driving school" in page.text
    assert "No money was taken." in page.text
    assert page.headers["Retry-After"]


@pytest.mark.parametrize(
    ("error", "back"), [(domain.RemoteUnavailable(), True), (domain.ServiceClosed(), False)]
)
def test_a_service_that_is_closed_offers_no_way_back_to_its_invoice(request_of, logged, error, back):
    asked = request_of("/?lang=en")
    asked.matched_route, asked.matchdict = SimpleNamespace(name="pay"), {"token": "t" * 22}
    assert (f"/pay/{'t' * 22}" in show_error(error, asked).text) is back


def test_unknown_things_look_alike(browser):
    answers = {
        heading(browser.get(path, status=404))
        for path in ("/services/NONE", "/pay/" + "t" * 22, "/i/" + "1" * 14)
    }
    assert len(answers) == 1


NONE_TAKEN = "No money was taken."
NOT_KNOWN = "do not pay again before you have seen the state"
LATE_ROUTES = ("bank", "result", "status", "receipt_pdf", "provider_return", "find", "check")


@pytest.mark.parametrize("route", LATE_ROUTES)
@pytest.mark.parametrize("error", [error for error, _ in STATUS], ids=lambda error: type(error).__name__)
def test_whoever_may_have_paid_is_not_told_that_no_money_was_taken(request_of, logged, error, route):
    asked = request_of("/?lang=en")
    asked.matched_route = SimpleNamespace(name=route)
    answer = show_error(error, asked)
    assert NONE_TAKEN not in answer.text
    assert (NOT_KNOWN in answer.text) is (answer.content_type == "text/html")


@pytest.mark.parametrize(
    "error",
    [domain.DocumentFailed(), OperationalError("", {}, Exception()), domain.Conflict(), RuntimeError()],
)
def test_where_it_is_not_known_how_far_a_request_came_nothing_is_promised(request_of, logged, error):
    asked = request_of("/?lang=en")
    asked.matched_route = SimpleNamespace(name="method")
    assert NOT_KNOWN in show_error(error, asked).text


def test_before_the_bank_the_payer_reads_that_no_money_was_taken(request_of, logged):
    asked = request_of("/?lang=en")
    asked.matched_route = SimpleNamespace(name="pay")
    assert NONE_TAKEN in show_error(domain.RemoteUnavailable(), asked).text


def test_what_databases_and_services_say_is_not_logged(request_of, logged):
    """They repeat the values that they were given, and those are people's."""
    said = OperationalError(f"INSERT {SECRET}", {"name": SECRET}, Exception(SECRET))
    for error in (said, domain.RemoteRefused("UnknownOrder", SECRET)):
        show_error(error, request_of())
    assert [event["detail"] for event in logged] == ["Exception", "UnknownOrder"]
    assert SECRET not in str(logged)


def test_a_paper_that_cannot_be_drawn_now_is_no_bug(request_of, logged):
    assert show_error(domain.DocumentFailed("too many"), request_of()).status_int == 503
