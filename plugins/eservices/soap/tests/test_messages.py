"""What leaves, byte for byte."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from lxml import etree

from mpay_gateway.api import ConfirmationLine, Language, Money, OrderKey, OrderQuery, PaymentAccount
from mpay_gateway.wssecurity import (
    MessageKind,
    SignatureAlgorithm,
    TrustedCertificates,
    VerificationPolicy,
    verify,
)

SCHEMA = etree.XMLSchema(
    etree.fromstring((files("mpay_eservice_soap") / "wsdl" / "iserviceprovider.xsd").read_bytes())
)


def plain(element) -> str:
    """The element without namespace declarations and the prefix that the serializer chose."""
    return re.sub(r' xmlns:[\w-]+="[^"]*"', "", etree.tostring(element, encoding="unicode")).replace(
        "ns0:", ""
    )


@pytest.fixture
def confirmed(make_bench, wire):
    """Deliver a confirmation and return what was sent."""

    def deliver(confirmation=None, **settings):
        bench = make_bench(**settings)
        bench.remote.says(wire.confirmed)
        bench.deliver(confirmation)
        return bench.remote.body_of_request

    return deliver


def test_the_question_of_guide_1_3(bench, wire):
    bench.remote.says(wire.reply())
    bench.look_up("MDS01-ș")
    assert plain(bench.remote.body_of_request) == (
        "<GetOrderDetails><query><Language>RO</Language><OrderKey>MDS01-ș</OrderKey>"
        "<ServiceID>SRV01</ServiceID></query></GetOrderDetails>"
    )


@pytest.mark.parametrize("language", Language)
def test_the_language_is_sent_in_upper_case(bench, wire, language):
    bench.remote.says(wire.reply())
    query = OrderQuery(bench.service.id, OrderKey("K"), language, bench.evidence)
    bench.connector.mpay_lookup_orders(service=bench.service, query=query)
    assert f"<Language>{language.value.upper()}</Language>" in plain(bench.remote.body_of_request)


def test_a_service_of_2016_is_asked_without_language(make_bench, wire):
    bench = make_bench(contract="2016")
    bench.remote.says(wire.reply())
    bench.look_up("K")
    assert plain(bench.remote.body_of_request) == (
        "<GetOrderDetails><query><OrderKey>K</OrderKey><ServiceID>SRV01</ServiceID></query></GetOrderDetails>"
    )


def test_the_confirmation_of_guide_1_3(confirmed):
    assert plain(confirmed()) == (
        "<ConfirmOrderPayment><confirmation><Currency>MDL</Currency><InvoiceID>00069002233014</InvoiceID>"
        "<Lines><PaymentConfirmationLine><Amount>150.00</Amount><DestinationAccount>"
        "<BankAccount>MD24AG000225100013104168</BankAccount><BankCode>TREZMD2X</BankCode>"
        "<BankFiscalCode>1006601000255</BankFiscalCode><BeneficiaryName>Agenția Moldsilva</BeneficiaryName>"
        "</DestinationAccount><LineID>1</LineID><Properties><PaymentProperty><Name>Cont beneficiar</Name>"
        "<Value>MD24AG000225100013104168</Value></PaymentProperty></Properties></PaymentConfirmationLine></Lines>"
        "<OrderKey>K-1</OrderKey><PaidAt>2025-07-10T10:51:23</PaidAt><PaymentID>7XK4M2Q9RTCVWB3Z</PaymentID>"
        "<Properties><PaymentProperty><Name>HO:Telephone</Name><Value>069123456</Value></PaymentProperty>"
        "<PaymentProperty><Name>Bank</Name><Value>MAIB (Card)</Value></PaymentProperty></Properties>"
        "<ServiceID>SRV01</ServiceID><TotalAmount>150.00</TotalAmount></confirmation></ConfirmOrderPayment>"
    )


def test_a_service_of_2016_gets_the_account_of_2016(confirmed, wire):
    amount = Money.from_minor(15000, "MDL")
    account = PaymentAccount("MD24", "TREZMD2X", "1006601000255", "Moldsilva", "C7", "226614")
    sent = confirmed(wire.confirmation(lines=(ConfirmationLine("1", amount, account),)), contract="2016")
    assert (
        "<DestinationAccount><BankAccount>MD24</BankAccount><BankCode>TREZMD2X</BankCode>"
        "<BeneficiaryName>Moldsilva</BeneficiaryName><TreasuryAccount>226614</TreasuryAccount></DestinationAccount>"
    ) in plain(sent)


@pytest.mark.parametrize(
    ("contract", "element"),
    [
        ("1.3", "<DestinationAccount/>"),
        ("2016", "<DestinationAccount><BankAccount/><BankCode/></DestinationAccount>"),
    ],
)
def test_the_destination_account_is_sent_even_when_unknown(confirmed, wire, contract, element):
    lines = (ConfirmationLine("1", Money.from_minor(15000, "MDL"), PaymentAccount()),)
    assert element in plain(confirmed(wire.confirmation(lines=lines), contract=contract))


def test_texts_are_cut_and_identifiers_never(confirmed, wire):
    account = PaymentAccount("MD24" + "0" * 30, "B" * 25, "1" * 25, "Ș" * 70)
    lines = (ConfirmationLine("L" * 40, Money.from_minor(15000, "MDL"), account, (("N" * 40, "V" * 300),)),)
    text = plain(confirmed(wire.confirmation(lines=lines, order_key="K" * 40)))
    assert f"<LineID>{'L' * 40}</LineID>" in text
    assert f"<OrderKey>{'K' * 40}</OrderKey>" in text
    assert f"<BankAccount>MD24{'0' * 30}</BankAccount>" in text
    assert f"<BeneficiaryName>{'Ș' * 60}</BeneficiaryName>" in text
    assert f"<Name>{'N' * 36}</Name><Value>{'V' * 255}</Value>" in text


def test_markup_and_control_characters_in_values_stay_values(confirmed, wire):
    text = plain(confirmed(wire.confirmation(properties=(("N", "</Value><Amount>1</Amount>\x00\x1b&"),))))
    assert "<Value>&lt;/Value&gt;&lt;Amount&gt;1&lt;/Amount&gt;  &amp;</Value>" in text


@pytest.mark.parametrize("month", [1, 7])
def test_paid_at_is_local_time_without_zone_or_fraction(confirmed, wire, month):
    paid_at = datetime(2025, month, 10, 22, 30, 1, 5, tzinfo=UTC)
    hour = {1: "11T00:30:01", 7: "11T01:30:01"}[month]
    assert f"<PaidAt>2025-{month:02d}-{hour}</PaidAt>" in plain(confirmed(wire.confirmation(paid_at=paid_at)))


@pytest.mark.parametrize("contract", ["1.3", "2016"])
def test_messages_fit_the_packaged_schema(confirmed, contract):
    SCHEMA.assertValid(etree.fromstring(etree.tostring(confirmed(contract=contract))))


def test_no_addressing_headers_and_no_white_space_between_elements(bench, wire):
    bench.remote.says(wire.confirmed)
    bench.deliver()
    message = bench.remote.requests[0].body
    root = etree.fromstring(message)
    assert b"addressing" not in message
    header = root.find(f"{{{wire.soap_namespace}}}Header")
    assert [etree.QName(child).localname for child in header] == ["Security"]
    for element in root.iter():
        assert element.tail is None
        assert not len(element) or element.text is None


def test_the_http_request(bench, wire):
    bench.remote.says(wire.confirmed)
    bench.deliver()
    request = bench.remote.requests[0]
    headers = dict(request.headers)
    assert (request.method, request.url) == ("POST", "https://service.example/ServiceProvider.svc")
    assert headers["SOAPAction"] == '"https://mpay.gov.md/IServiceProvider/ConfirmOrderPayment"'
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert request.deadline == 7.0


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_the_message_is_signed_with_the_services_algorithm(make_bench, wire, gateway_keys, algorithm):
    bench = make_bench(signature=algorithm)
    bench.remote.says(wire.reply())
    bench.look_up()
    trusted = TrustedCertificates.load([gateway_keys.certificate_pem])
    verified = verify(
        bench.remote.requests[0].body, trusted, VerificationPolicy(bench.clock.at, MessageKind.REQUEST)
    )
    assert verified.algorithm is algorithm
    assert verified.lifetime.created == bench.clock.at


def test_cutting_never_ends_in_the_middle_of_white_space(confirmed, wire):
    base = wire.confirmation()
    sent = plain(confirmed(replace(base, properties=(("N", "V" * 254 + " tail"),))))
    assert f"<Value>{'V' * 254}</Value>" in sent
