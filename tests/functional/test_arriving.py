"""Steps 3 to 6 with bad input: keys, services, guessing, the four forms of "not found", other people's addresses."""

import pytest
import structlog

from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.storage import Work
from tests.scene.payer import Payer

NOT_FOUND = (
    "not-found-empty", "not-found-nil", "not-found-unknown-order", "not-found-invalid-parameter",
    "not-found-internal-error",
)  # fmt: skip
"""Contract, section 5: an empty array by the text; a nil one and three signed faults besides in the field."""
TAMPERED_AMOUNTS = ("0", "-1", "0.001", "1e9", "NaN", "Infinity", "1,5,0", "٥", "9" * 400, "100.01", "<b>")
# Attack 23, beside what is plainly another host.
FOREIGN = (
    "https://evil.example/", "//evil.example/", " //evil.example", "/\\evil.example", "/%09/evil.example",
    "https:evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x",
    "http://127.0.0.1:6544@evil.example/", "https://good%2eevil.example/", "http://127.0.0.1.evil.example/",
    "http://127.0.0.1/", "http://127.0.0.1:1/", "http://2130706433/", "http://[::1]/", "http://xn--e1afmkfd.example/",
    "ftp://127.0.0.1/", "http://пример.example/", "http://127.0.0.1:99999/", "http://127.0.0.1:6544\r\nX: y",
    "http://127.0.0.1\t/", "http:///", "", "x" * 5000,
)  # fmt: skip


@pytest.fixture
def visitor(patient_gateway) -> Payer:
    return Payer(patient_gateway)


def test_an_unknown_service_is_a_page_of_404(visitor):
    page = visitor.post("/service/pay", {"ServiceID": "NOBODY", "OrderKey": "1"})
    assert page.status == 404
    assert page.says("problem.not-found.title")


@pytest.mark.parametrize("key", ["DEMO-26", "x" * 300, "DEMO-26-ZZZZZZZZZZ'--", "<script>", "\u202e1"])
def test_a_key_against_the_pattern_is_refused_before_the_service_is_asked(key, visitor, shop):
    before = len(shop.all_lookups())
    page = visitor.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": key})
    assert page.status == 404
    assert page.says("form.key.not-found")
    assert "<script>" not in page.response.text
    assert len(shop.all_lookups()) == before


@pytest.mark.parametrize("missing", ["ServiceID", "OrderKey"])
def test_the_two_parameters_are_required(missing, visitor):
    fields = {"ServiceID": "DEMO01", "OrderKey": "DEMO-26-0000000000"}
    del fields[missing]
    assert visitor.post("/service/pay", fields).status == 400


def test_parameter_names_are_matched_without_regard_to_case_by_get_and_post(visitor, shop):
    order = shop.order()
    assert visitor.open(f"/service/pay?serviceid=DEMO01&ORDERKEY={order.key}").says("invoice.heading")
    assert visitor.post("/service/pay", {"SERVICEID": "DEMO01", "orderkey": order.key}).says(
        "invoice.heading"
    )


def test_all_forms_of_not_found_look_alike(visitor, shop):
    texts = set()
    for kind in NOT_FOUND:
        order = shop.order(kind)
        page = visitor.arrive(order)
        assert page.status == 404, kind
        assert page.says("form.key.not-found"), kind
        texts.add(page.text.replace(order.key, "KEY"))
    unknown = visitor.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": "DEMO-26-0000000000"})
    assert unknown.status == 404
    texts.add(unknown.text.replace("DEMO-26-0000000000", "KEY"))
    assert len(texts) == 1


def test_a_service_that_says_not_found_by_an_internal_error_leaves_a_trace_of_it(visitor, shop):
    """The payer reads "not found"; who asks why finds what the service really said, signed."""
    with structlog.testing.capture_logs() as logged:
        assert visitor.arrive(shop.order("not-found-internal-error")).says("form.key.not-found")
    (event,) = [each for each in logged if each["event"] == "lookup_fruitless"]
    assert (event["service"], event["error"]) == ("DEMO01", "OrderNotNamed")

    def answers(work: Work) -> list[bytes | None]:
        rows = work.evidence.of_subject(event["evidence"])
        return [work.evidence.body(row.id) for row in rows if row.direction == "received"]

    (answer,) = visitor.gateway.read(answers)
    assert b"InternalError" in answer
    assert b"Signature" in answer


def test_an_order_of_another_service_is_not_found(visitor, shop):
    fine = shop.fine()
    key = fine.key
    page = visitor.send(visitor.open("/services/DEMO02"), order_key=key, factor=fine.detail)
    assert page.says("invoice.heading")
    stranger = visitor.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": key})
    assert stranger.status == 404


def test_for_unknown_and_not_yours_the_service_is_asked_alike(visitor, shop):
    """Attack 14: neither answers by a shorter way, which would show in its time."""
    for key in ("00000000", shop.fine().key):
        before = len(shop.all_lookups())
        page = visitor.send(visitor.open("/services/DEMO02"), order_key=key, factor="WRONG 1")
        assert page.status == 404
        assert len(shop.all_lookups()) == before + 1


def test_guessing_is_slowed_down_per_address(make_gateway, shop):
    """Attacks 14 and 15."""
    gateway = make_gateway(limits="misses_per_10_minutes = 3")
    guesser, other = Payer(gateway, address="203.0.113.66"), Payer(gateway, address="198.51.100.20")
    for number in range(3):
        assert (
            guesser.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": f"wrong{number}"}).status == 404
        )
    refused = guesser.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": "wrong again"})
    assert refused.status == 429
    assert int(refused.response.headers["Retry-After"]) > 0
    assert refused.says("problem.too-many.title")
    order = shop.order()
    assert guesser.arrive(order).status == 429
    assert other.arrive(order).says("invoice.heading")


def test_asking_the_same_again_is_no_new_guess(make_gateway, shop):
    """A payer may reload the page that did not find his order."""
    payer = Payer(make_gateway(limits="misses_per_10_minutes = 2"))
    for _ in range(5):
        assert payer.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": "wrong"}).status == 404
    assert payer.arrive(shop.order()).says("invoice.heading")


def test_misses_by_second_factor_and_by_the_finding_page_count_too(make_gateway, shop):
    gateway = make_gateway(limits="misses_per_10_minutes = 2")
    guesser = Payer(gateway)
    fine = shop.fine(plate_number="CDR 482")
    form = guesser.open("/services/DEMO02")
    assert guesser.send(form, order_key=fine.key, factor="AAA 111").status == 404
    find = guesser.open("/find")
    assert guesser.send(find, "/find", reference="XXXXXXXXXXXXXXXX", order_key=fine.key).status == 404
    assert guesser.send(form, order_key=fine.key, factor="CDR 482").status == 429


def test_look_ups_of_one_service_are_limited_by_address_and_then_by_visit(make_gateway, shop):
    gateway = make_gateway(limits="lookups_per_hour = 2")
    payer, order = Payer(gateway), shop.order()
    place = payer.arrive(order)
    assert [payer.open(place.path).status for _ in range(3)] == [200, 200, 429]
    assert len(shop.lookups(order)) == 3
    assert payer.arrive(shop.order()).status == 200
    assert payer.arrive(shop.order()).status == 429


def test_while_keys_are_guessed_from_many_addresses_each_may_miss_once_and_payers_pay(make_gateway, shop):
    """Attack 15: each guess comes from another address, and the ticket's owner must not suffer for it."""
    gateway = make_gateway(limits="misses_per_key_prefix_per_hour = 2")
    fine = shop.fine()
    others = sorted({f"{fine.key[:-3]}{number:03}" for number in range(4)} - {fine.key})

    def guess(address: str, key: str, factor: str = "AAA 111") -> int:
        guesser = Payer(gateway, address=address)
        return guesser.send(guesser.open("/services/DEMO02"), order_key=key, factor=factor).status

    assert [guess(f"203.0.113.{number}", others[number]) for number in (1, 2)] == [404, 404]
    assert guess("203.0.113.1", others[0]) == 429
    owner = Payer(gateway, address="198.51.100.99")
    page = owner.send(owner.open("/services/DEMO02"), order_key=fine.key, factor=fine.detail)
    assert page.says("invoice.heading")


def test_a_payer_who_sees_his_order_is_not_shut_out_with_his_neighbour(make_gateway, shop):
    payer = Payer(make_gateway(limits="misses_per_10_minutes = 1"))
    page = payer.arrive(shop.order())
    assert payer.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": "wrong"}).status == 404
    assert payer.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": "wrong too"}).status == 429
    assert payer.open(page.path).says("invoice.heading")


def test_a_service_in_trouble_makes_no_guesser_of_its_payers(make_gateway, shop):
    """D58: a signed InternalError may mean that there is no such order, and may mean that nothing works."""
    payer = Payer(make_gateway(limits="misses_per_10_minutes = 1"))
    for _ in range(3):
        assert payer.arrive(shop.order("not-found-internal-error")).status == 404
    assert payer.arrive(shop.order()).says("invoice.heading")


def test_who_tries_many_references_at_the_return_address_finds_none_any_more(make_gateway):
    """Attack 13: the address is open to everybody, and leads to the payer's pages."""
    stranger = Payer(make_gateway(limits="refused_callbacks_per_minute = 5"))
    addresses = [f"/providers/sandbox-main/return?reference={number:016}" for number in range(7)]
    assert [stranger.open(address).status for address in addresses] == [404] * 5 + [429] * 2


@pytest.mark.parametrize("address", FOREIGN)
def test_a_return_url_that_is_not_registered_shows_no_way_back(address, visitor, shop):
    """Attack 23; the payment itself goes on."""
    page = visitor.arrive(shop.order(), return_url=address)
    assert page.says("invoice.heading")
    links = page.html.xpath("//main//a/@href")
    assert all(str(link).startswith(("/", "tel:", "mailto:")) for link in links), links


def test_a_registered_return_url_is_shown_without_its_fragment(visitor, shop):
    page = visitor.arrive(shop.order(), return_url=f"{shop.url}/orders/x/returned?a=1#secret")
    assert page.link(shop.url) == f"{shop.url}/orders/x/returned?a=1"


@pytest.mark.parametrize("amount", TAMPERED_AMOUNTS)
def test_an_amount_that_the_order_does_not_allow_is_explained_beside_its_field(amount, visitor, shop):
    """Attacks 8 and 9."""
    order = shop.order("partial", amount="100.00")
    page = visitor.agree(visitor.arrive(order), amount=amount)
    assert page.status == 422
    assert page.html.xpath("//input[@id='amount' and @aria-invalid='true']")
    assert page.says("form.errors")
    assert "<b>" not in page.response.text


def test_an_amount_sent_for_an_order_without_parts_is_ignored(visitor, shop):
    order = shop.order(amount="100.00")
    bank = visitor.start(order, amount="1.00")
    assert visitor.gateway.payment(bank.payment_id).amount.minor == 100_00


@pytest.mark.parametrize(
    ("kind", "standing"), [("expired", "expired"), ("cancelled", "cancelled"), ("paid", "paid")]
)
def test_an_order_that_cannot_be_paid_says_why_and_offers_no_button(kind, standing, visitor, shop):
    page = visitor.arrive(shop.order(kind))
    assert page.says(f"standing.{standing}.title")
    assert [form for form in page.html.forms if "/pay/" in form.action] == []


def test_an_order_under_way_elsewhere_cannot_be_started_a_second_time(gateway, shop):
    first, second = Payer(gateway, address="198.51.100.1"), Payer(gateway, address="198.51.100.2")
    order = shop.order()
    methods = second.agree(second.arrive(order))
    started = first.start(order)
    refused = second.choose(methods)
    assert refused.status == 409
    assert refused.says("problem.not-payable.title")
    (payment,) = gateway.payments(order.key)
    assert (payment.id, payment.state) == (started.payment_id, PaymentState.STARTED)
