"""Capturing, voiding and giving back: limits, repeats, races, books."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

APPROVED = "4000000000001000"


@pytest.fixture
def authorised(merchant):
    return merchant.paid(APPROVED, mode="two-step")


@pytest.fixture
def captured(merchant):
    return merchant.paid(APPROVED)


def test_a_capture_takes_what_is_asked_once(merchant, authorised):
    first, again = (merchant.capture(authorised, 20_000, "capture") for _ in range(2))
    assert (first.status, again.status) == (200, 200)
    assert first.json() == again.json()
    assert [item["amount_minor"] for item in again.json()["captures"]] == [20_000]
    assert again.json()["status"] == "captured"


def test_no_more_than_the_authorised_amount_is_captured(merchant, authorised):
    answer = merchant.capture(authorised, 25_001, "too-much")
    assert (answer.status, answer.json()["code"]) == (422, "amount-too-high")
    assert merchant.status(authorised)["status"] == "authorised"


def test_a_capture_key_with_another_amount_is_a_conflict(merchant, authorised):
    merchant.capture(authorised, 20_000, "capture")
    answer = merchant.capture(authorised, 10_000, "capture")
    assert (answer.status, answer.json()["code"]) == (409, "idempotency-conflict")


def test_a_second_capture_is_refused(merchant, authorised):
    merchant.capture(authorised, 10_000, "first")
    answer = merchant.capture(authorised, 10_000, "second")
    assert (answer.status, answer.json()["code"]) == (409, "not-capturable")


def test_an_open_session_can_be_neither_captured_nor_reversed(merchant):
    session_id = merchant.open()["session_id"]
    assert merchant.capture(session_id, 1, "k").json()["code"] == "not-capturable"
    assert merchant.reverse(session_id, 1, "k").json()["code"] == "not-reversible"


def test_a_void_releases_in_parts_and_then_wholly(merchant, authorised, receiver, eventually):
    part = merchant.reverse(authorised, 5_000, "part").json()
    assert (part["status"], part["reversed_minor"]) == ("authorised", 5_000)
    assert merchant.capture(authorised, 20_001, "over").status == 422
    rest = merchant.reverse(authorised, 20_000, "rest").json()
    assert (rest["status"], rest["reversed_minor"]) == ("reversed", 25_000)
    assert [item["kind"] for item in rest["reversals"]] == ["void", "void"]
    eventually(lambda: receiver.events_of(authorised).count("session.reversed") == 2)


def test_a_void_moves_no_money(merchant, authorised):
    before = merchant.books()["balances"]
    merchant.reverse(authorised, 25_000, "void")
    assert merchant.books()["balances"] == before


def test_captured_money_is_given_back_in_parts_and_never_beyond(merchant, captured):
    part = merchant.reverse(captured, 10_000, "a").json()
    assert (part["status"], part["reversed_minor"]) == ("captured", 10_000)
    assert merchant.reverse(captured, 15_001, "b").json()["code"] == "amount-too-high"
    rest = merchant.reverse(captured, 15_000, "c").json()
    assert (rest["status"], rest["reversed_minor"]) == ("reversed", 25_000)
    assert merchant.reverse(captured, 1, "d").json()["code"] == "not-reversible"


def test_a_repeated_reversal_gives_back_once(merchant, captured):
    answers = [merchant.reverse(captured, 10_000, "same").json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert [item["key"] for item in answers[2]["reversals"]] == ["same"]
    assert merchant.reverse(captured, 9_999, "same").json()["code"] == "idempotency-conflict"


def test_concurrent_reversals_never_give_back_more_than_was_captured(merchant, captured):
    with ThreadPoolExecutor(10) as pool:
        statuses = list(
            pool.map(lambda number: merchant.reverse(captured, 4_000, f"race-{number}").status, range(20))
        )
    assert statuses.count(200) == 6
    assert merchant.status(captured)["reversed_minor"] == 24_000


def test_both_captures_of_a_session_captured_twice_can_be_given_back(merchant):
    session_id = merchant.paid("4000000000005209")
    assert merchant.reverse(session_id, 25_000, "surplus").json()["status"] == "captured"
    assert merchant.reverse(session_id, 25_000, "other").json()["status"] == "reversed"


def test_a_reversal_is_in_the_currency_of_the_capture(merchant):
    session_id = merchant.paid("4000000000005100")
    (reversal,) = merchant.reverse(session_id, 25_000, "k").json()["reversals"]
    assert reversal["currency"] == "EUR"


def test_a_payment_is_booked_with_its_fee_and_a_reversal_without(start_bank, merchant_of):
    merchant = merchant_of(start_bank("--fee-basis-points", "150", "--merchant", "shop"))
    session_id = merchant.paid(APPROVED, amount_minor=10_050)
    merchant.reverse(session_id, 50, "k")
    balances = {item["account"]: item["amount_minor"] for item in merchant.books()["balances"]}
    assert balances == {"cardholders": 10_000, "merchant:shop": -9_849, "fees": -151}
