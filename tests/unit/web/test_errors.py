"""What an error becomes: a status, a page in the payer's words, a reference, a line in the log."""

import pytest
from pyramid.exceptions import BadCSRFToken
from pyramid.httpexceptions import HTTPNotFound, HTTPRequestEntityTooLarge
from sqlalchemy.exc import OperationalError

from mpay_gateway.domain import errors as domain
from mpay_gateway.web.errors import problem_of, show_error
from tests.unit.web.reading import heading

SECRET = "Popescu Ion 2000123456426"
STATUS = [
    (BadCSRFToken(), 403),
    (HTTPNotFound(), 404),
    (HTTPRequestEntityTooLarge(), 413),
    (domain.InvalidChoice("amount", "x"), 400),
    (domain.InvalidCallback(SECRET), 400),
    (domain.UnknownOrder(SECRET), 404),
    (domain.InvoiceAlreadyPaid(), 409),
    (domain.PaymentInProgress("A"), 409),
    (domain.TooManyRequests(90), 429),
    (domain.RemoteUnavailable(SECRET), 503),
    (domain.OutcomeUnknown(SECRET), 503),
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


def test_unknown_things_look_alike(browser):
    answers = {
        heading(browser.get(path, status=404))
        for path in ("/services/NONE", "/pay/" + "t" * 22, "/i/" + "1" * 14)
    }
    assert len(answers) == 1
