"""Each test card does what it is made for."""

from __future__ import annotations

import time

import pytest

from sandbox_bank.cards import TEST_CARDS, passes_luhn


def test_every_test_card_number_passes_luhn_and_is_listed(merchant):
    listed = merchant.raw("GET", "/v1/test-cards").json()["cards"]
    assert [card["number"] for card in listed] == [card.number for card in TEST_CARDS]
    assert all(passes_luhn(card["number"]) for card in listed)
    assert len({card["number"] for card in listed} | {card["name"] for card in listed}) == 2 * len(listed)


def test_luhn_refuses_a_wrong_check_digit_and_letters():
    assert not passes_luhn("4000000000001001")
    assert not passes_luhn("400000000000100")
    assert not passes_luhn("400000000000100o")
    assert not passes_luhn("४०००००००००००१०००")


@pytest.mark.parametrize("card", ["4000000000001000", "5100000000001006"])
def test_an_approved_card_captures_at_once_in_one_step(merchant, receiver, eventually, card):
    opened = merchant.open()
    left = merchant.pay(opened["session_id"], card)
    session = merchant.status(opened["session_id"])
    assert (session["status"], session["authorised_minor"]) == ("captured", 25_000)
    assert [capture["amount_minor"] for capture in session["captures"]] == [25_000]
    assert session["card"] == card[:6] + "******" + card[-4:]
    assert left["return_url"] == (
        "https://gateway.example/providers/sandbox/return?shop=1"
        f"&session={opened['session_id']}&reference={opened['reference']}&status=captured"
    )
    eventually(lambda: receiver.events_of(opened["session_id"]) == ["session.captured"])


def test_an_approved_card_only_reserves_in_two_steps(merchant, receiver, eventually):
    session_id = merchant.paid("4000000000001000", mode="two-step")
    session = merchant.status(session_id)
    assert (session["status"], session["authorised_minor"], session["captures"]) == ("authorised", 25_000, [])
    eventually(lambda: receiver.events_of(session_id) == ["session.authorised"])


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("4000000000002008", "insufficient-funds"),
        ("4000000000002107", "do-not-honour"),
        ("4000000000002206", "stolen-card"),
    ],
)
def test_a_declined_card_takes_nothing_and_says_why(merchant, receiver, eventually, card, reason):
    session_id = merchant.paid(card)
    session = merchant.status(session_id)
    assert (session["status"], session["decline_reason"], session["captures"]) == ("declined", reason, [])
    eventually(lambda: receiver.events_of(session_id) == ["session.declined"])


def test_a_session_takes_one_card_only(merchant):
    session_id = merchant.paid("4000000000002008")
    merchant.pay(session_id, "4000000000001000")
    assert merchant.status(session_id)["status"] == "declined"


def test_a_card_that_is_none_of_the_bank_is_refused(merchant):
    session_id = merchant.open()["session_id"]
    answer = merchant.raw("POST", f"/test/sessions/{session_id}/pay", body={"card": "4111111111111111"})
    assert (answer.status, answer.json()["code"]) == (422, "unknown-card")
    assert merchant.status(session_id)["status"] == "open"


def test_three_wrong_codes_decline_and_the_right_one_approves(merchant):
    wrong, right = merchant.open()["session_id"], merchant.open()["session_id"]
    states = [merchant.pay(wrong, "4000000000003006", code="000000")["status"] for _ in range(3)]
    assert states == ["processing", "processing", "declined"]
    assert merchant.status(wrong)["decline_reason"] == "wrong-code"
    assert merchant.pay(right, "4000000000003006")["status"] == "captured"


def test_timeout_before_the_effect_stays_processing_then_declines_without_money(merchant, eventually):
    session_id = merchant.open()["session_id"]
    assert merchant.pay(session_id, "4000000000004004") == {
        "session_id": session_id,
        "status": "processing",
        "return_url": None,
    }
    eventually(lambda: merchant.status(session_id)["status"] == "declined")
    session = merchant.status(session_id)
    assert (session["decline_reason"], session["captures"]) == ("issuer-unavailable", [])


def test_timeout_after_the_effect_has_the_money_and_no_way_back(merchant):
    session_id = merchant.open()["session_id"]
    assert merchant.pay(session_id, "4000000000004103")["return_url"] is None
    assert merchant.status(session_id)["status"] == "captured"


def test_a_slow_card_is_processing_before_it_is_captured(merchant, eventually):
    session_id = merchant.paid("4000000000004202")
    assert merchant.status(session_id)["status"] == "processing"
    eventually(lambda: merchant.status(session_id)["status"] == "captured")


def test_the_status_fails_twice_and_then_is_right(merchant):
    session_id = merchant.paid("4000000000004301")
    answers = [merchant.call("GET", f"/v1/sessions/{session_id}").status for _ in range(4)]
    assert answers == [500, 500, 200, 200]
    assert merchant.status(session_id)["status"] == "captured"


def test_the_wrong_amount_is_one_leu_less(merchant):
    session = merchant.status(merchant.paid("4000000000005001"))
    assert [capture["amount_minor"] for capture in session["captures"]] == [24_900]


def test_the_wrong_currency_is_another(merchant):
    session = merchant.status(merchant.paid("4000000000005100"))
    assert [(item["amount_minor"], item["currency"]) for item in session["captures"]] == [(25_000, "EUR")]


def test_captured_twice_has_two_transactions(merchant):
    session = merchant.status(merchant.paid("4000000000005209"))
    assert [capture["amount_minor"] for capture in session["captures"]] == [25_000, 25_000]
    assert len({capture["transaction_id"] for capture in session["captures"]}) == 2


def test_declined_is_captured_after_all(merchant, receiver, eventually):
    session_id = merchant.paid("4000000000005308")
    assert merchant.status(session_id)["status"] == "declined"
    eventually(lambda: merchant.status(session_id)["status"] == "captured")
    assert merchant.status(session_id)["decline_reason"] is None
    eventually(lambda: receiver.events_of(session_id) == ["session.declined", "session.captured"])


def test_a_charged_back_capture_is_reversed_by_the_bank_itself(merchant, receiver, eventually):
    session_id = merchant.paid("4000000000005407")
    assert merchant.status(session_id)["status"] == "captured"
    eventually(lambda: merchant.status(session_id)["status"] == "reversed")
    (reversal,) = merchant.status(session_id)["reversals"]
    assert (reversal["key"], reversal["kind"], reversal["amount_minor"]) == (None, "reversal", 25_000)
    eventually(lambda: "session.reversed" in receiver.events_of(session_id))


@pytest.mark.parametrize(("card", "returns"), [("4000000000006009", True), ("4000000000006207", False)])
def test_a_lost_callback_never_comes(merchant, receiver, eventually, card, returns):
    silent = merchant.open()["session_id"]
    assert (merchant.pay(silent, card)["return_url"] is not None) is returns
    heard = merchant.paid("4000000000001000")
    eventually(lambda: bool(receiver.of(heard)))
    time.sleep(0.3)
    assert merchant.status(silent)["status"] == "captured"
    assert receiver.of(silent) == []


def test_no_return_has_a_callback_and_no_way_back(merchant, receiver, eventually):
    session_id = merchant.open()["session_id"]
    assert merchant.pay(session_id, "4000000000006108")["return_url"] is None
    eventually(lambda: receiver.events_of(session_id) == ["session.captured"])


def test_shuffled_callbacks_come_twice_and_the_earlier_event_after_the_later(merchant, receiver, eventually):
    session_id = merchant.paid("4000000000006306")
    eventually(lambda: len(receiver.of(session_id)) == 4)
    events = [item.event for item in receiver.of(session_id)]
    assert [event["event"] for event in events] == [
        "session.captured",
        "session.authorised",
        "session.captured",
        "session.authorised",
    ]
    assert events[0]["event_id"] == events[2]["event_id"] != events[1]["event_id"] == events[3]["event_id"]
    assert events[0]["sequence"] > events[1]["sequence"]
