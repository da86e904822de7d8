"""GetOrderDetails for each kind of order."""

import http.client
import re
import time
from datetime import datetime

import pytest

from counterparts.demo_service.tests.conftest import DemoService
from counterparts.eservice_kit.tests.gateway_messages import check_reply, lookup_body
from eservice_kit.wire_times import CHISINAU

KEY = re.compile(r"DEMO-[0-9]{2}-[0-9A-HJKMNP-TV-Z]{10}")


def test_an_order_is_found_in_the_language_that_is_asked_for(shop: DemoService) -> None:
    order = shop.order(amount="12.30")
    assert KEY.fullmatch(str(order["order_key"]))
    reasons = {
        shop.look_up(order, language).findtext(".//{*}OrderDetails/{*}Reason")
        for language in ("RO", "RU", "EN")
    }
    assert len(reasons) == 3
    payload = shop.look_up(order)
    assert payload.findtext(".//{*}TotalAmountDue") == "12.30"
    assert payload.findtext(".//{*}Status") == "Active"
    assert payload.findtext(".//{*}DestinationAccount/{*}BankAccount") == "MD87TRPBAA142310A1500001"


def test_several_lines_go_to_several_accounts_and_add_up(shop: DemoService) -> None:
    payload = shop.look_up(shop.order("several-lines", amount="100.01"))
    assert len({each.text for each in payload.iter("{*}BankAccount")}) == 3
    amounts = [float(each.text or "") for each in payload.iter("{*}AmountDue")]
    assert round(sum(amounts), 2) == 100.01


def test_a_fine_has_a_short_key_and_a_plate_number(shop: DemoService) -> None:
    order = shop.order(plate_number="CDR 482")
    assert re.fullmatch(r"[0-9]{8}", str(order["order_key"]))
    assert order["service_id"] == "DEMO02"
    assert str(order["order_key"]) not in str(order["page"])
    payload = shop.look_up(order)
    properties = {
        each.findtext("{*}Name"): each.findtext("{*}Value") for each in payload.iter("{*}OrderProperty")
    }
    assert properties == {"PlateNumber": "CDR 482"}


def test_an_order_of_the_other_service_is_not_found(shop: DemoService) -> None:
    order = shop.order() | {"service_id": "DEMO02"}
    assert len(shop.look_up(order)[0]) == 0


def test_an_unknown_service_is_a_fault(shop: DemoService) -> None:
    assert shop.look_up(shop.order() | {"service_id": "DEMO99"}).findtext("faultcode") == "UnknownService"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("expired", "Expired"),
        ("cancelled", "Cancelled"),
        ("paid", "Paid"),
        ("refunding", "Refunding"),
        ("refunded", "Refunded"),
        ("nothing-due", "Active"),
        ("deviation-cancelled", "Canceled"),
        ("due-soon", "Active"),
        ("large-amount", "Active"),
    ],
)
def test_a_kind_shows_in_the_status(shop: DemoService, kind: str, status: str) -> None:
    assert shop.look_up(shop.order(kind)).findtext(".//{*}Status") == status


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("not-found-unknown-order", "UnknownOrder"),
        ("not-found-invalid-parameter", "InvalidParameter"),
        ("not-found-internal-error", "InternalError"),
        ("access-refused", "AuthorizationFailed"),
    ],
)
def test_not_found_may_be_a_fault(shop: DemoService, kind: str, code: str) -> None:
    assert shop.look_up(shop.order(kind)).findtext("faultcode") == code


def test_not_found_may_be_empty_or_nil(shop: DemoService) -> None:
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    empty, none = (shop.look_up(shop.order(kind))[0] for kind in ("not-found-empty", "not-found-nil"))
    assert (len(empty), empty.get(nil)) == (0, None)
    assert (len(none), none.get(nil)) == (0, "true")


def test_the_amount_rises_once_at_the_second_lookup(shop: DemoService) -> None:
    order = shop.order("amount-changes", amount="100.00")
    amounts = [shop.look_up(order).findtext(".//{*}TotalAmountDue") for _ in range(3)]
    assert amounts == ["100.00", "125.00", "125.00"]


def test_several_orders_are_found_under_one_key_each_with_its_own(shop: DemoService) -> None:
    order = shop.order("several-orders")
    keys = [
        each.text
        for each in shop.look_up(order).iterfind("{*}GetOrderDetailsResult/{*}OrderDetails/{*}OrderKey")
    ]
    assert len(set(keys)) == 2
    assert order["order_key"] not in keys


def test_long_names_break_the_guides_lengths(shop: DemoService) -> None:
    payload = shop.look_up(shop.order("long-names"))
    assert len(payload.findtext(".//{*}OrderDetails/{*}Reason") or "") > 50
    assert len(payload.findtext(".//{*}CustomerName") or "") > 60


def test_of_a_waived_fee_nothing_is_due(shop: DemoService) -> None:
    payload = shop.look_up(shop.order("nothing-due"))
    assert {each.text for each in payload.iter("{*}AmountDue", "{*}TotalAmountDue")} == {"0.00"}


def test_deviations_are_those_of_the_field(shop: DemoService) -> None:
    payload = shop.look_up(shop.order("deviation-rich"))
    assert payload.findtext(".//{*}DestinationAccount") == "MD87TRPBAA142310A1500001"
    assert payload.findtext(".//{*}AllowPartialPayment") == "false"
    assert payload.findtext(".//{*}CustomerType") == "Organisation"
    assert payload.find(".//{*}AllowPartialPayments") is None
    assert payload.findtext(".//{*}OrderProperty/{*}IsVisible") == "true"


def test_the_payer_may_have_to_fill_in_data_or_the_amount(shop: DemoService) -> None:
    fill_in = shop.look_up(shop.order("fill-in"))
    assert fill_in.findtext(".//{*}CustomerID") == ""
    asked = [each for each in fill_in.iter("{*}OrderProperty") if each.findtext("{*}Modifiable") == "true"]
    assert {each.findtext("{*}Type") for each in asked} == {"string", "idn", "tc", "number", None}
    assert {each.findtext("{*}Name") for each in asked if each.findtext("{*}Required") == "false"} == {
        "TaxCode",
        "Recipient",
    }
    hidden = [each for each in fill_in.iter("{*}OrderProperty") if each.findtext("{*}IsVisible") == "false"]
    assert [each.findtext("{*}Name") for each in hidden] == ["Source"]
    unknown = shop.look_up(shop.order("amount-unknown"))
    assert unknown.find(".//{*}TotalAmountDue") is None
    assert unknown.findtext(".//{*}AllowAdvancePayments") == "true"


def test_flags_may_stand_at_the_first_line_alone(shop: DemoService) -> None:
    (order,) = shop.look_up(shop.order("line-flags")).iter("{*}OrderDetails")
    assert order.findtext("{*}AllowPartialPayments") == "false"
    assert order.findtext("{*}Lines/{*}OrderLine/{*}AllowPartialPayments") == "true"


def test_a_line_may_name_no_account(shop: DemoService) -> None:
    payload = shop.look_up(shop.order("no-account"))
    assert list(payload.iter("{*}DestinationAccount")) == []
    assert payload.findtext(".//{*}TotalAmountDue") == "150.00"


def test_a_due_date_may_fall_into_the_hour_that_occurs_twice(shop: DemoService) -> None:
    due = shop.look_up(shop.order("doubled-hour")).findtext(".//{*}DueDate")
    assert due is not None
    moment = datetime.fromisoformat(due)
    assert moment.tzinfo is None
    first, second = (moment.replace(tzinfo=CHISINAU, fold=fold).utcoffset() for fold in (0, 1))
    assert first != second


def lookup_reply(shop: DemoService, kind: str, **wishes: object):
    order = shop.order(kind, **wishes)
    return shop.call("GetOrderDetails", lookup_body(str(order["order_key"])))


def test_a_broken_lookup_is_html_unsigned_or_nothing(shop: DemoService) -> None:
    html = lookup_reply(shop, "html")
    assert (html.status, html.headers["content-type"][:9]) == (200, "text/html")
    unsigned = lookup_reply(shop, "unsigned")
    assert (unsigned.status, b"Signature" in unsigned.body, b"TotalAmountDue" in unsigned.body) == (
        200,
        False,
        True,
    )
    with pytest.raises(http.client.RemoteDisconnected):
        lookup_reply(shop, "down")


def test_a_slow_lookup_takes_its_time(shop: DemoService) -> None:
    began = time.monotonic()
    reply = lookup_reply(shop, "slow", slow_seconds=0.6)
    assert time.monotonic() - began >= 0.6
    check_reply(reply.body, shop.certificate)


@pytest.mark.parametrize("fault", ["down", "slow", "html", "unsigned", "fault"])
def test_a_switch_breaks_every_lookup_until_it_is_put_back(switches: DemoService, fault: str) -> None:
    order = switches.order()
    switches.post_json("/test/faults", {"lookup": fault})
    body = lookup_body(str(order["order_key"]))
    try:
        reply = switches.call("GetOrderDetails", body)
        broken = b"Signature" not in reply.body or b"InternalError" in reply.body
    except http.client.RemoteDisconnected:
        broken = True
    assert broken or fault == "slow"
    switches.post_json("/test/faults", {"lookup": "ok"})
    assert switches.look_up(order).findtext(".//{*}Status") == "Active"
    journal = switches.get_json(f"/test/lookups.json?order_key={order['order_key']}")
    assert [entry["conduct"] for entry in journal] == [fault, "ok"]  # type: ignore[attr-defined]
