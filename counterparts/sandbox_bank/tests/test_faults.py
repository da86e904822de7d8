"""Faults that are switched on for the whole bank."""

from __future__ import annotations

import time

import pytest

APPROVED = "4000000000001000"


@pytest.mark.parametrize(("fault", "status"), [("down", 503), ("http500", 500)])
def test_a_broken_api_answers_problems_and_changes_nothing(merchant, fault, status):
    order = merchant.order()
    merchant.switch(api=fault)
    answer = merchant.call("POST", "/v1/sessions", body=order, key=f"fault-{fault}")
    assert answer.status == status
    merchant.switch(api="ok")
    assert merchant.call("GET", f"/v1/sessions?reference={order['reference']}").status == 404


def test_a_slow_api_answers_late(merchant):
    session_id = merchant.open()["session_id"]
    merchant.switch(api="slow")
    began = time.monotonic()
    assert merchant.status(session_id)["status"] == "open"
    assert time.monotonic() - began >= 0.05 * 5


def test_timeout_after_create_leaves_a_session_that_the_key_finds(merchant):
    order = merchant.order()
    merchant.switch(api="timeout-after-create")
    assert merchant.call("POST", "/v1/sessions", body=order, key="lost").status == 504
    again = merchant.call("POST", "/v1/sessions", body=order, key="lost")
    found = merchant.call("GET", f"/v1/sessions?reference={order['reference']}")
    assert (again.status, again.json()["session_id"]) == (200, found.json()["session_id"])


def test_a_new_session_may_not_be_found_at_first(merchant, eventually):
    merchant.switch(api="not-found-after-create")
    session_id = merchant.open()["session_id"]
    assert merchant.call("GET", f"/v1/sessions/{session_id}").status == 404
    eventually(lambda: merchant.call("GET", f"/v1/sessions/{session_id}").status == 200)


def test_a_refused_reversal_gives_nothing_back(merchant):
    session_id = merchant.paid(APPROVED)
    merchant.switch(reversals="refused")
    answer = merchant.reverse(session_id, 100, "k")
    assert (answer.status, answer.json()["code"]) == (409, "reversal-refused")
    assert merchant.status(session_id)["reversed_minor"] == 0


def test_a_reversal_whose_answer_is_lost_was_done_once(merchant):
    session_id = merchant.paid(APPROVED)
    merchant.switch(reversals="timeout-after-effect")
    assert merchant.reverse(session_id, 100, "k").status == 504
    merchant.switch(reversals="ok")
    assert merchant.reverse(session_id, 100, "k").json()["reversed_minor"] == 100


def test_an_unknown_fault_is_refused_and_none_is_set(merchant):
    answer = merchant.switch(api="down", callbacks=["off"], weather="bad")
    assert [error["field"] for error in answer.json()["errors"]] == ["callbacks", "weather"]
    assert merchant.raw("GET", "/test/faults").json()["api"] == "ok"


def test_faults_outlive_a_restart(start_bank, merchant_of):
    bank = start_bank()
    merchant = merchant_of(bank)
    merchant.switch(reversals="refused")
    bank.stop()
    bank.start()
    assert merchant.raw("GET", "/test/faults").json()["reversals"] == "refused"


def test_another_sites_page_cannot_switch_faults(merchant):
    answer = merchant.raw(
        "POST", "/test/faults", body={"api": "down"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status == 403
    assert merchant.raw("GET", "/test/faults").json()["api"] == "ok"
