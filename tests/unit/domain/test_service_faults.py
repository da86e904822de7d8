"""The one table of what becomes of services' faults."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.domain.errors import InvalidAnswer, OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.identifiers import PaymentId, ServiceId
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import Delivery, DeliveryState
from mpay_gateway.domain.remarks import remark
from mpay_gateway.domain.service_faults import (
    REFUSED,
    RULES,
    Actor,
    Retry,
    ServiceOperation,
    refusal_of,
    rule_of,
)
from mpay_gateway.flow.schedules import next_delivery
from mpay_gateway.texts import Texts

GUIDE = {
    "InternalError", "AuthenticationFailed", "AuthorizationFailed", "InvalidParameter", "UnknownService",
    "UnknownOrder", "UnknownInvoice", "UnknownPayment", "InvoiceAlreadyPaid", "InvoiceExpired",
}  # fmt: skip
"""Codes of the integration guide, version 1.3 (contract, section 5)."""
DEFINITE = GUIDE - {"InternalError", "AuthenticationFailed", "AuthorizationFailed"}


@pytest.mark.parametrize("operation", ServiceOperation)
def test_every_code_of_the_guide_has_a_row_for_each_operation_and_so_has_any_other(operation):
    codes = [each.code for each in RULES if each.operation is operation and each.means != "unsigned"]
    assert sorted(codes) == sorted({*GUIDE, ""})
    assert rule_of(operation, "Server").means == "other"


def test_both_spellings_of_an_unknown_payment_are_one():
    for operation in ServiceOperation:
        assert rule_of(operation, "UknownPayment") is rule_of(operation, "UnknownPayment")


def test_what_is_definite_is_not_told_again_and_everything_else_is():
    never = {
        each.code
        for each in RULES
        if each.operation is ServiceOperation.CONFIRM and each.retry is Retry.NEVER
    }
    assert never == DEFINITE


def test_a_look_up_is_never_repeated_by_itself():
    assert {each.retry for each in RULES if each.operation is ServiceOperation.LOOKUP} == {
        Retry.NEVER,
        Retry.BY_PAYER,
    }


def test_an_unknown_order_has_three_faults_and_one_that_is_certain():
    said = [each for each in RULES if each.no_order]
    assert {each.code for each in said} == {"UnknownOrder", "InvalidParameter", "InternalError"}
    assert [each.code for each in said if each.certain] == ["UnknownOrder"]


@pytest.mark.parametrize("language", Language)
def test_every_row_has_its_texts_in_every_language(language):
    texts = Texts.load("portal")
    keys = {f"fault.means.{each.means}" for each in RULES} | {f"fault.retry.{each.value}" for each in Retry}
    keys |= {"fault.in_time"} | {f"fault.{kind}.{each.value}" for each in Actor for kind in ("acts", "who")}
    assert keys <= texts.keys(language)
    written = {key for key in texts.keys(language) if key.startswith("fault.")}
    assert written == keys


def test_the_schedule_is_the_one_that_the_text_says():
    """After 1 minute, twice after 5, five times after 10, then hourly."""
    minutes = [next_delivery(attempt) / timedelta(minutes=1) for attempt in range(1, 12)]
    assert minutes == [1, *[5] * 2, *[10] * 5, *[60] * 3]


def delivery(
    error: Exception, *, refused: bool = False, state: DeliveryState = DeliveryState.DUE
) -> Delivery:
    """A delivery whose last try ended so, as the flow keeps it."""
    return Delivery(
        "D1", PaymentId("P1"), ServiceId("S1"), state, 1, "", "", datetime(2026, 11, 26, tzinfo=UTC),
        parked_reason=REFUSED if refused else "", last_error=remark(error, named=not refused),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "refused", "means", "retry"),
    [
        (RemoteRefused("InvoiceExpired", "too late: 2026"), True, "InvoiceExpired", Retry.NEVER),
        (RemoteRefused("UknownPayment"), True, "UnknownPayment", Retry.NEVER),
        (RemoteRefused("InternalError", "x", permanent=False), False, "InternalError", Retry.BY_SCHEDULE),
        (RemoteRefused("Server", "x", permanent=False), False, "other", Retry.BY_SCHEDULE),
        (RemoteRefused("UnknownOrder", "x", permanent=False), False, "unsigned", Retry.BY_SCHEDULE),
    ],
)
def test_what_is_kept_of_a_try_leads_back_to_its_row(error, refused, means, retry):
    rule = refusal_of(delivery(error, refused=refused))
    assert rule is not None
    assert (rule.means, rule.retry) == (means, retry)


@pytest.mark.parametrize("error", [OutcomeUnknown("timed out"), InvalidAnswer("InvoiceExpired: no")])
def test_what_was_no_fault_has_no_row(error):
    assert refusal_of(delivery(error)) is None


@pytest.mark.parametrize(
    ("state", "acts"), [(DeliveryState.PARKED, Actor.OPERATOR), (DeliveryState.GIVEN_UP, Actor.PROVIDER)]
)
def test_what_people_have_stopped_is_not_told_again_by_itself(state, acts):
    error = RemoteRefused("InternalError", "x", permanent=False)
    rule = refusal_of(replace(delivery(error, state=state), parked_reason="operator"))
    assert (rule.means, rule.retry, rule.acts) == ("InternalError", Retry.NEVER, acts)


def test_of_money_that_goes_back_by_itself_the_provider_is_to_act():
    gone = delivery(RemoteRefused("InvoiceExpired"), refused=True, state=DeliveryState.GIVEN_UP)
    assert refusal_of(gone).acts is Actor.PROVIDER
    assert refusal_of(delivery(RemoteRefused("InvoiceExpired"), refused=True)).acts is Actor.SERVICE
