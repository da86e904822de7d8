"""The view over a scripted port: who may call, and what each answer of the gateway becomes."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.api import (
    Accepted,
    AlreadyAccepted,
    Claimed,
    CollectedPayment,
    Conflict,
    IntakeState,
    IntakeStatus,
    LocalText,
    Money,
    MpayError,
    OutcomeUnknown,
    PaymentId,
    PluginContext,
    RefusalReason,
    Refused,
    RemoteUnavailable,
    Secret,
    UnknownOrder,
    UnknownService,
)
from mpay_provider_osmp import OsmpProvider
from mpay_provider_osmp.settings import OsmpSettings

NOW = datetime(2026, 8, 15, 9, tzinfo=UTC)
CHECK = "command=check&txn_id=77&account=S:K&sum=150.00"
PAY = "command=pay&txn_id=77&account=S:K&sum=150.00&txn_date=20260815120133"
PASSWORD = "Basic " + base64.b64encode(b"network:secret").decode()


def lei(minor: int) -> Money:
    return Money.from_minor(minor, "MDL")


def due(refusal: RefusalReason | None = None, most: int = 15000, smallest: int = 15000) -> object:
    """What a look-up shows; only what the plugin reads of it."""
    order = SimpleNamespace(reason="A permit", customer_name="Po**** I.")
    invoice = SimpleNamespace(
        order=order, payable=lei(most), service=SimpleNamespace(name=LocalText(ro="Oficiul", en="The office"))
    )
    return SimpleNamespace(invoice=invoice, smallest=lei(smallest), refusal=refusal)


@dataclass
class Port:
    """Answers what it is told to, in turn, the last one for ever; an error is raised."""

    looked_up: object = field(default_factory=due)
    claims: list[object] = field(default_factory=lambda: [Claimed(PaymentId("P"), "9001", NOW)])
    accepts: list[object] = field(default_factory=lambda: [Accepted(PaymentId("P"), "9001")])
    state: IntakeState = IntakeState.UNKNOWN
    calls: list[str] = field(default_factory=list)
    told: list[CollectedPayment] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def at_device(self, device: str) -> "Port":
        self.devices.append(device)
        return self

    def look_up(self, query: object) -> object:
        return self._answer("look_up", [self.looked_up])

    def claim(self, order: object, key: str, amount: Money, until: datetime) -> object:
        return self._answer(f"claim {key} {amount}", self.claims)

    def accept(self, payment: CollectedPayment) -> object:
        self.told.append(payment)
        return self._answer(f"accept {payment.key}", self.accepts)

    def release(self, key: str) -> None:
        self.calls.append(f"release {key}")

    def status(self, key: str) -> IntakeStatus:
        return IntakeStatus(self.state)

    def _answer(self, call: str, answers: list[object]) -> object:
        self.calls.append(call)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    def now(self) -> datetime:
        return NOW


Call = Callable[..., tuple[int, dict[str, str]]]


class Routes:
    """What the gateway hands to `mpay_includeme`, as far as this plugin uses it."""

    def add_route(self, name: str, pattern: str) -> None: ...

    def add_view(self, view: Callable[[Request], Response], **_: object) -> None:
        self.view = view


def view_of(provider: OsmpProvider) -> Callable[[Request], Response]:
    """The view that the plugin adds."""
    routes = Routes()
    provider.mpay_includeme(routes)
    return routes.view


def call(port: Port, query: str, *, address: str = "10.1.1.1", proxied: bool = False, method: str = "GET",
         headers: dict[str, str] | None = None, **settings: object) -> tuple[int, dict[str, str]]:  # fmt: skip
    """The status, and the members of the reply."""
    usual = {"networks": ("10.0.0.0/8",), "user": "network", "password": Secret("secret")}
    provider = OsmpProvider(
        PluginContext("net", None, Clock(), gateway=port), OsmpSettings(**usual | settings)
    )
    sent = {"Authorization": PASSWORD} if headers is None else headers
    if method == "GET":
        request = Request.blank(f"/x/net/payment?{query}", headers=sent)
    else:
        request = Request.blank("/x/net/payment", headers=sent, POST=query)
    request.caller_address, request.by_own_proxy = address, proxied
    response = view_of(provider)(request)
    if response.status_int != 200:
        return response.status_int, dict(response.headers)
    assert response.content_type == "text/xml"
    root = ET.fromstring(response.body)
    members = {each.tag: each.text or "" for each in root if each.tag != "fields"}
    return 200, members | {f"field:{each.get('name')}": each.text or "" for each in root.iterfind("fields/*")}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_check_shows_what_is_due_and_holds_it(method: str) -> None:
    port = Port()
    _, said = call(port, CHECK + "&trm_id=K7", method=method)
    assert said == {
        "osmp_txn_id": "77", "result": "0", "comment": "OK", "field:payee": "Oficiul", "field:reason": "A permit",
        "field:payer": "Po**** I.", "field:amount": "150.00 MDL",
    }  # fmt: skip
    assert port.calls == ["look_up", "claim 77 150.00 MDL"]
    assert set(port.devices) == {"K7"}


@pytest.mark.parametrize("total", ["0.00", "149.00", "151.00"])
def test_a_check_with_a_sum_that_cannot_be_paid_holds_nothing(total: str) -> None:
    port = Port()
    assert call(port, CHECK.replace("150.00", total))[1]["result"] == "0"
    assert port.calls == ["look_up"]


def test_an_account_may_hold_nothing_at_all() -> None:
    port = Port()
    call(port, CHECK, claim_minutes=0)
    assert port.calls == ["look_up"]


def test_a_check_again_with_another_sum_holds_anew() -> None:
    port = Port(claims=[Conflict("other"), Claimed(PaymentId("P"), "1", NOW)], state=IntakeState.CLAIMED)
    assert call(port, CHECK)[1]["result"] == "0"
    assert port.calls[2] == "release 77"


def test_a_check_tells_that_somebody_else_pays() -> None:
    assert call(Port(claims=[Refused(RefusalReason.IN_PROGRESS)]), CHECK)[1]["result"] == "7"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_pay_is_accepted_with_our_number(method: str) -> None:
    port = Port()
    _, said = call(port, PAY, method=method)
    assert said == {"osmp_txn_id": "77", "prv_txn": "9001", "sum": "150.00", "result": "0", "comment": "OK"}
    (told,) = port.told
    assert (told.key, told.amount, told.message) == ("77", lei(15000), PAY.encode())


def test_a_pay_again_gets_the_same_answer() -> None:
    port = Port(accepts=[Accepted(PaymentId("P"), "9001"), AlreadyAccepted(PaymentId("P"), "9001")])
    assert call(port, PAY) == call(port, PAY)


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        (RefusalReason.UNKNOWN_SERVICE, "5"), (RefusalReason.UNKNOWN_ORDER, "5"), (RefusalReason.PAID, "7"),
        (RefusalReason.IN_PROGRESS, "7"), (RefusalReason.GONE, "79"), (RefusalReason.TOO_LITTLE, "241"),
        (RefusalReason.TOO_MUCH, "242"), (RefusalReason.CURRENCY, "8"), (RefusalReason.CLOSED, "8"),
        (RefusalReason.FILL_IN, "7"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["check", "pay"])
def test_every_refusal_has_a_final_result(command: str, reason: RefusalReason, result: str) -> None:
    port = Port(looked_up=due(reason), accepts=[Refused(reason)])
    _, said = call(port, CHECK if command == "check" else PAY)
    assert said["result"] == result
    assert said["comment"]
    assert "prv_txn" not in said


@pytest.mark.parametrize("query", [CHECK, PAY])
@pytest.mark.parametrize(
    ("error", "result"),
    [
        (RemoteUnavailable("down"), "1"), (OutcomeUnknown("time-out"), "1"), (MpayError("a bug"), "1"),
        (UnknownOrder("S"), "5"), (UnknownService("S"), "5"),
    ],
)  # fmt: skip
def test_what_is_not_decided_is_asked_again_and_nothing_else(
    query: str, error: Exception, result: str
) -> None:
    assert call(Port(looked_up=error, accepts=[error]), query)[1]["result"] == result


def test_a_number_that_said_something_else_is_refused_for_good() -> None:
    port = Port(accepts=[Conflict("other")], state=IntakeState.ACCEPTED)
    assert call(port, PAY)[1]["result"] == "300"
    assert "release 77" not in port.calls


def test_a_pay_of_another_sum_than_was_checked_lets_the_held_one_go() -> None:
    port = Port(accepts=[Conflict("other"), Accepted(PaymentId("P"), "9001")], state=IntakeState.CLAIMED)
    assert call(port, PAY)[1]["result"] == "0"
    assert port.calls == ["accept 77", "release 77", "accept 77"]


# Who may call


@pytest.mark.parametrize("address", ["192.0.2.1", "unknown", "", "::1"])
def test_strangers_are_shut_out_whatever_they_know(address: str) -> None:
    port = Port()
    assert call(port, PAY, address=address)[0] == 403
    assert port.calls == []


def test_an_ipv4_address_in_ipv6_dress_is_known() -> None:
    assert call(Port(), PAY, address="::ffff:10.2.3.4")[0] == 200


@pytest.mark.parametrize(
    "told",
    [None, "", "Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"network:other").decode(),
     "Basic " + base64.b64encode(b"other:secret").decode(), "Basic " + base64.b64encode("rețea:x".encode()).decode()],
)  # fmt: skip
def test_a_wrong_password_is_challenged(told: str | None) -> None:
    port = Port()
    status, headers = call(port, PAY, headers={} if told is None else {"Authorization": told})
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic")
    assert port.calls == []


@pytest.mark.parametrize(
    ("proxied", "told", "status"),
    [(True, "CN=network", 200), (False, "CN=network", 403), (True, "CN=other", 403), (True, "", 403)],
)
def test_a_certificate_is_believed_of_our_own_proxy_alone(proxied: bool, told: str, status: int) -> None:
    found, _ = call(
        Port(), PAY, proxied=proxied, headers={"X-Client-Certificate": told}, user="", password=None,
        certificate_header="X-Client-Certificate", certificates=("CN=network",),
    )  # fmt: skip
    assert found == status


def test_only_get_and_post_are_answered() -> None:
    port = Port()
    provider = OsmpProvider(
        PluginContext("net", None, Clock(), gateway=port),
        OsmpSettings(networks=("10.0.0.0/8",), user="network", password=Secret("secret")),
    )
    request = Request.blank(f"/?{PAY}", headers={"Authorization": PASSWORD}, method="HEAD")
    request.caller_address, request.by_own_proxy = "10.1.1.1", False
    refused = view_of(provider)(request)
    assert (refused.status_int, refused.headers["Allow"]) == (405, "GET, POST")
    assert port.calls == []


@pytest.mark.parametrize("value", ["Basic \xe9\xff", "Basic \x80", "\xe9"])
def test_a_password_that_is_no_ascii_is_refused(value: str) -> None:
    """A server that hands headers on as they come gives latin-1."""
    assert call(Port(), PAY, headers={"Authorization": value})[0] == 401


def test_parameters_that_stand_in_address_and_form_are_refused() -> None:
    port = Port()
    provider = OsmpProvider(
        PluginContext("net", None, Clock(), gateway=port),
        OsmpSettings(networks=("10.0.0.0/8",), user="network", password=Secret("secret")),
    )
    request = Request.blank(f"/?{PAY}", headers={"Authorization": PASSWORD}, POST="sum=1.00")
    request.caller_address, request.by_own_proxy = "10.1.1.1", False
    assert b"<result>300</result>" in view_of(provider)(request).body
    assert port.calls == []
