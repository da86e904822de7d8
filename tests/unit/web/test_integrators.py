"""The REST addresses: who is let in, what a refusal tells, how parameters are read. No service answers here."""

import re
from dataclasses import replace

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from webtest import TestApp

from mpay_gateway.domain.errors import (
    InvalidChoice,
    InvoiceAlreadyPaid,
    OrderNotNamed,
    RemoteUnavailable,
    ServiceClosed,
    TooManyRequests,
    UnknownService,
)
from mpay_gateway.flow.lookup_limits import LookupLimits
from mpay_gateway.settings.access import AccessSettings, Caller, Right
from mpay_gateway.settings.limits import LimitSettings
from mpay_gateway.web import errors, make_app
from mpay_gateway.web.description import described
from mpay_gateway.web.problem_details import TYPES
from mpay_gateway.web.routes import ROUTES
from tests.unit.web.conftest import HOST

PROXY, OFFICE, ELSEWHERE = "10.0.0.1", "198.51.100.7", "198.51.100.99"
HEADER = "X-Client-Certificate"
ACCESS = AccessSettings(
    certificate_header=HEADER,
    callers={
        "school": Caller(("CN=school",), (f"{OFFICE}/32",), ("OPEN01",)),
        "till": Caller(("CN=till",), (f"{OFFICE}/32",), ("*",), (Right.POS,)),
    },
)
DESCRIPTION = "/openapi/index.html"
"""The one address of them that people read."""
ADDRESSES = ("/api/invoices", "/api/Invoices/DownloadInvoicePdf", "/api/Invoices/GetPdfInvoiceBytes",
             DESCRIPTION, "/openapi/openapi.json")  # fmt: skip


LIMITS = LimitSettings()


def guarded(parts, access=ACCESS, limits=LIMITS):
    """The parts with callers, behind a proxy of ours, and with limits of their own."""
    settings = parts.settings
    gateway = replace(settings.gateway, trusted_proxies=(f"{PROXY}/32",))
    return replace(
        parts, settings=replace(settings, access=access, gateway=gateway), limits=LookupLimits(limits)
    )


def caller(parts, certificate="CN=school", address=OFFICE, remote=PROXY, host=HOST):
    """A program that calls: through our proxy, unless `remote` says otherwise."""
    environ = {
        "wsgi.url_scheme": "https", "HTTP_HOST": host, "REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": address,
    }  # fmt: skip
    return TestApp(
        make_app(parts),
        extra_environ=environ | ({"HTTP_X_CLIENT_CERTIFICATE": certificate} if certificate else {}),
    )


@pytest.fixture
def school(parts):
    return caller(guarded(parts))


def strangers(parts):
    """Each lacks one thing of all that it takes."""
    known = guarded(parts)
    return {
        "no certificate": caller(known, certificate=""),
        "another certificate": caller(known, certificate="CN=schoo"),
        "without the right": caller(known, certificate="CN=till"),
        "another address": caller(known, address=ELSEWHERE),
        "not through our proxy": caller(known, remote=OFFICE),
        "nobody is let in": caller(guarded(parts, AccessSettings())),
    }


@pytest.mark.parametrize("path", ADDRESSES)
def test_who_lacks_certificate_right_or_address_reads_nothing_of_the_reason(parts, path):
    answers = {name: stranger.get(path, status=403) for name, stranger in strangers(parts).items()}
    bodies = {name: re.sub(r"\b[0-9A-Z]{8}\b", "", answer.text) for name, answer in answers.items()}
    assert len(set(bodies.values())) == 1, bodies
    assert "certificate" not in bodies["no certificate"].casefold()
    read_by = "text/html" if path == DESCRIPTION else "application/problem+json"
    assert {answer.content_type for answer in answers.values()} == {read_by}


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_stranger_is_refused_before_his_request_is_looked_at(parts, path):
    stranger = caller(guarded(parts), address=ELSEWHERE)
    assert stranger.post(path, status=403).status_int == 403
    assert stranger.get(f"{path}?serviceID=NOBODY&pageFormat=A9", status=403).status_int == 403


def test_the_log_says_why_somebody_was_refused(parts, logged):
    caller(guarded(parts), address=ELSEWHERE).get("/api/invoices", status=403)
    (event,) = [each for each in logged if each["event"] == "caller_refused"]
    assert (event["why"], event["address"]) == ("address", ELSEWHERE)


def test_who_knocks_for_ever_is_told_to_wait_and_harms_nobody_else(parts):
    known = guarded(parts, limits=LimitSettings(refused_callbacks_per_minute=3))
    stranger = caller(known, certificate="")
    assert [stranger.get("/api/invoices", status="*").status_int for _ in range(5)] == [
        403,
        403,
        403,
        429,
        429,
    ]
    assert caller(known).get("/api/invoices", status=400).json["detail"]


def test_a_caller_is_served_so_often_in_a_minute(parts):
    known = guarded(parts, limits=LimitSettings(calls_per_minute=2))
    answers = [caller(known).get("/openapi/openapi.json", status="*") for _ in range(3)]
    assert [answer.status_int for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "query", ["", "?serviceID=OPEN01", "?orderKey=OP123456", "?serviceID=OPEN01&orderKey="]
)
@pytest.mark.parametrize("path", ADDRESSES[:3])
def test_both_names_of_the_order_are_required(school, path, query):
    problem = school.get(path + query, status=400)
    assert problem.content_type == "application/problem+json"
    assert "missing" in problem.json["detail"]
    assert problem.json["reference"]


@pytest.mark.parametrize("path", ["/api/invoices", "/API/Invoices", "/Api/INVOICES"])
def test_the_words_of_a_path_and_the_names_of_parameters_count_in_any_case(school, path):
    assert school.get(f"{path}?serviceId=OPEN01&ordekey=1&orderkey=OP12", status=200).json == []
    assert school.get(f"{path}?SERVICEID=OPEN01&ORDERKEY=OP12", status=200).json == []


def test_a_parameter_that_comes_twice_is_refused(school):
    twice = school.get("/api/invoices?serviceID=OPEN01&serviceId=OPEN01&orderKey=OP123456", status=400)
    assert "twice" in twice.json["detail"]


def test_a_service_of_somebody_else_is_like_one_that_is_not_there(school):
    foreign = school.get("/api/invoices?serviceID=GUESS1&orderKey=1", status=404).json
    unknown = school.get("/api/invoices?serviceID=NOBODY&orderKey=1", status=404).json
    assert {**foreign, "reference": ""} == {**unknown, "reference": ""}
    assert foreign["code"] == "UnknownService"


@pytest.mark.parametrize("wrong", ["pageFormat=A3", "language=de"])
def test_a_size_or_a_language_that_there_is_not_is_refused(school, wrong):
    asked = f"/api/Invoices/GetPdfInvoiceBytes?serviceID=OPEN01&orderKey=OP123456&{wrong}"
    assert wrong.partition("=")[0] in school.get(asked, status=400).json["detail"]


def test_a_service_that_does_not_answer_is_a_problem_that_says_when_to_ask_again(school):
    silent = school.get("/api/invoices?serviceID=OPEN01&orderKey=OP123456", status=503)
    assert silent.json["type"].endswith("#remote")
    assert int(silent.headers["Retry-After"]) > 0


def test_another_method_is_refused_with_those_that_there_are(school):
    assert school.post("/api/invoices", status=405).headers["Allow"] == "GET, HEAD"


def test_an_address_that_is_not_there_is_a_problem_too(school):
    assert school.get("/api/nothing", status=404).json["title"] == "Not found"


def test_the_second_address_is_answered_too(parts):
    own = replace(ACCESS, public_url="https://pay.example:8443")
    answer = caller(guarded(parts, own), host="pay.example:8443").get("/openapi/openapi.json")
    assert answer.json["servers"] == [{"url": "https://pay.example:8443"}]
    caller(guarded(parts), host="pay.example:8443").get("/openapi/openapi.json", status=400)


# Problem details


PROBLEMS = [
    (InvalidChoice("orderKey", "order.several"), "bad-request", ""),
    (UnknownService("X"), "not-found", "UnknownService"),
    (ServiceClosed("X"), "closed", "UnknownService"),
    (OrderNotNamed("X"), "not-found", "UnknownOrder"),
    (InvoiceAlreadyPaid("paid"), "not-payable", "InvoiceAlreadyPaid"),
    (TooManyRequests(60), "too-many", ""),
    (RemoteUnavailable("Popescu Ion"), "remote", ""),
    (RuntimeError("Popescu Ion"), "bug", ""),
]


@pytest.mark.parametrize(("error", "key", "code"), PROBLEMS, ids=lambda value: type(value).__name__)
def test_each_error_is_a_problem_with_the_guides_code_and_no_strangers_words(request_of, error, key, code):
    answer = errors.show_error(error, request_of("/api/invoices"))
    told = answer.json
    assert (told["type"], told.get("code", "")) == (f"/openapi/index.html#{key}", code)
    assert told["status"] == answer.status_int
    assert "Popescu" not in answer.text


def test_every_problem_has_its_words():
    used = {problem.key for _, problem in errors._BY_TYPE} | {*errors._BY_STATUS.values(), "bug", "too-many"}
    assert set(TYPES) == used


# The description


def test_the_description_is_sound_and_names_every_address(request_of, school):
    told = school.get("/openapi/openapi.json").json
    OpenAPIV31SpecValidator(told).validate()
    assert set(told["paths"]) == {route.path for route in ROUTES if route.path.startswith("/api/")}
    assert told["servers"] == [{"url": "https://pay.example"}]


def test_the_page_of_the_description_has_all_that_the_document_has(school):
    page, told = school.get("/openapi/index.html"), school.get("/openapi/openapi.json").json
    assert page.lxml.get("lang") == "en"
    for path, operation in told["paths"].items():
        form = page.lxml.xpath(f"//form[@action='{path}']")[0]
        names = [each["name"] for each in operation["get"]["parameters"]]
        assert [each.get("name") for each in form.xpath(".//input | .//select")] == names
        assert operation["get"]["description"] in page.text.replace("&#39;", "'")
    for key in TYPES:
        assert page.lxml.xpath(f"//*[@id='{key}']"), key
    assert not page.lxml.xpath(
        "//script | //@src[starts-with(., 'http')] | //link[starts-with(@href, 'http')]"
    )


def test_the_description_is_made_of_what_is_set(request_of):
    assert described(request_of())["openapi"].startswith("3.1")
