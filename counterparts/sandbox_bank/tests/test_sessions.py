"""Opening and finding sessions: idempotency, validation, who may ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_the_same_key_and_body_give_the_same_session(merchant):
    order = merchant.order()
    first = merchant.call("POST", "/v1/sessions", body=order, key="same")
    again = merchant.call("POST", "/v1/sessions", body=order, key="same")
    assert (first.status, again.status) == (201, 200)
    assert first.json() == again.json()


def test_the_same_key_with_another_body_is_a_conflict(merchant):
    order = merchant.order()
    merchant.call("POST", "/v1/sessions", body=order, key="conflict")
    answer = merchant.call("POST", "/v1/sessions", body=order | {"amount_minor": 1}, key="conflict")
    assert (answer.status, answer.json()["code"]) == (409, "idempotency-conflict")


def test_a_reference_names_one_session(merchant):
    order = merchant.order()
    merchant.call("POST", "/v1/sessions", body=order, key="reference-1")
    answer = merchant.call("POST", "/v1/sessions", body=order, key="reference-2")
    assert (answer.status, answer.json()["code"]) == (409, "reference-taken")


def test_concurrent_creates_with_one_key_open_one_session(merchant):
    order = merchant.order()
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda _: merchant.call("POST", "/v1/sessions", body=order, key="race"), range(36))
        )
    assert sorted(answer.status for answer in answers) == [200] * 35 + [201]
    assert len({answer.json()["session_id"] for answer in answers}) == 1


def test_a_session_is_found_by_id_and_by_reference(merchant):
    opened = merchant.open()
    by_reference = merchant.call("GET", f"/v1/sessions?reference={opened['reference']}")
    assert by_reference.json() == merchant.status(opened["session_id"])
    assert by_reference.json()["status"] == "open"
    assert opened["page_url"] == f"{merchant.bank_url}/pay/{opened['session_id']}"


@pytest.mark.parametrize("path", ["/v1/sessions/ses_nothing", "/v1/sessions?reference=nothing"])
def test_an_unknown_session_is_not_found(merchant, path):
    answer = merchant.call("GET", path)
    assert (answer.status, answer.json()["code"]) == (404, "unknown-session")


def test_an_address_that_is_not_utf_8_is_a_bad_request(merchant):
    answer = merchant.call("GET", "/v1/sessions?reference=%ff")
    assert (answer.status, answer.json()["code"]) == (400, "not-utf-8")


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Basic bWVyY2hhbnQ=", "Bearer é"])
def test_without_the_merchants_secret_nothing_is_told(merchant, authorization):
    session_id = merchant.open()["session_id"]
    headers = {"Authorization": authorization} if authorization else {}
    answer = merchant.raw("GET", f"/v1/sessions/{session_id}", headers=headers)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_minor", 0),
        ("amount_minor", -1),
        ("amount_minor", 1.5),
        ("amount_minor", True),
        ("amount_minor", "100"),
        ("amount_minor", 10**13),
        ("currency", "XXX"),
        ("currency", ["MDL"]),
        ("description", ""),
        ("description", "a\x00b"),
        ("description", "d" * 201),
        ("description", "\ud800"),
        ("language", "fr"),
        ("mode", "three-step"),
        ("reference", "=cmd"),
        ("reference", "r" * 65),
        ("return_url", "javascript:alert(1)"),
        ("return_url", "https://user:secret@gateway.example/"),
        ("return_url", "//gateway.example/"),
        ("callback_url", "http://[::1"),
        ("callback_url", "http://gateway.example:99999/"),
        ("surprise", 1),
    ],
)
def test_a_bad_field_is_named(merchant, field, value):
    answer = merchant.call("POST", "/v1/sessions", body=merchant.order(**{field: value}), key="bad")
    assert answer.status == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_every_missing_field_is_named_at_once(merchant):
    answer = merchant.call("POST", "/v1/sessions", body={}, key="empty")
    assert len(answer.json()["errors"]) == len(merchant.order())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_json_object_is_a_bad_request(merchant, body):
    answer = merchant.call("POST", "/v1/sessions", body=body, key="malformed")
    assert (answer.status, answer.json()["code"]) == (400, "malformed-json")


def test_a_call_without_idempotency_key_is_refused(merchant):
    answer = merchant.call("POST", "/v1/sessions", body=merchant.order())
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]


def test_an_unpaid_session_expires_and_says_so(start_bank, merchant_of, receiver, eventually):
    merchant = merchant_of(start_bank("--session-minutes", "0.01"))
    session_id = merchant.open()["session_id"]
    eventually(lambda: merchant.status(session_id)["status"] == "expired")
    eventually(lambda: receiver.events_of(session_id) == ["session.expired"])
    assert merchant.pay(session_id, "4000000000001000")["status"] == "expired"
