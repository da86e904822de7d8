"""What is off the contract and accepted: each is noted, and the catalogue explains every one."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

import mpay_eservice_soap
from mpay_eservice_soap.deviations import KINDS, envelope_deviations, fault_deviations, http_deviations
from mpay_gateway.api import RemoteRefused

PACKAGE = Path(mpay_eservice_soap.__file__).parent
NOTING = {"note", "Deviation"}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def codes_noted():
    """The codes that the connector's modules note, as their syntax has them."""
    for path in sorted(PACKAGE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(args=[ast.Constant(value=str(code)), *_], func=called) if (
                    getattr(called, "id", getattr(called, "attr", "")) in NOTING
                ):
                    yield code
                case ast.Call(func=ast.Name(id="ReadTime"), args=[_, ast.Constant(value=str(code))]):
                    yield code
                case ast.FunctionDef(name="_oddity"):
                    constants = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
                    yield from (each for each in constants if isinstance(each, str) and each)


def test_the_catalogue_explains_every_code_once_and_no_others():
    explained = [each.code for each in KINDS]
    assert sorted(set(codes_noted())) == sorted(explained)


def test_every_kind_says_what_the_contract_says_where_and_how_to_mend_it():
    for kind in KINDS:
        assert CODE.fullmatch(kind.code)
        assert kind.sentence.endswith("."), kind.code
        assert re.match(r"(section \d|SOAP 1\.1, section \d)", kind.section), kind.code
        assert kind.mend.endswith("."), kind.code


def codes(deviations):
    return [each.code for each in deviations]


def test_a_plain_confirmation_deviates_in_nothing(bench, wire):
    bench.remote.says(wire.confirmed)
    assert bench.deliver().deviations == ()


@pytest.mark.parametrize(
    ("late", "noted"), [(9.9, []), (-9.9, []), (11, ["clock-skew"]), (-40, ["clock-skew"])]
)
def test_a_clock_that_differs_by_more_than_ten_seconds_is_noted_both_ways(bench, wire, late, noted):
    bench.remote.says(wire.confirmed, late=late)
    assert codes(bench.deliver().deviations) == noted


def test_the_skew_is_the_example(bench, wire):
    bench.remote.says(wire.confirmed, late=-40)
    (noted,) = bench.deliver().deviations
    assert (noted.path, noted.example) == ("Envelope/Timestamp/Created", "-40 s")


def test_a_signed_fault_under_http_200_is_noted_with_the_refusal(bench, wire):
    bench.remote.says(wire.fault("UnknownOrder"))
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert codes(refused.value.deviations) == ["fault-with-http-200"]
    bench.remote.status = 500
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert refused.value.deviations == ()


def test_an_unsigned_fault_is_noted_with_how_it_travelled_and_its_code(bench, wire):
    bench.remote.says_unsigned(wire.fault("Novelty"))
    bench.remote.content_type = "text/plain"
    for ask in (bench.deliver, bench.look_up):
        with pytest.raises(RemoteRefused) as refused:
            ask()
        assert [(each.code, each.example) for each in refused.value.deviations] == [
            ("unsigned-fault", ""), ("fault-with-http-200", ""), ("content-type", "text/plain"),
            ("unknown-fault-code", "Novelty"),
        ]  # fmt: skip


def test_a_fault_for_an_unknown_order_is_noted_beside_the_others(bench, wire):
    bench.remote.says(wire.fault("UnknownOrder"))
    assert codes(bench.look_up().deviations) == ["fault-with-http-200", "fault-for-unknown-order"]


def test_the_misprint_of_the_guide_is_a_spelling(bench, wire):
    bench.remote.says(wire.fault("UknownPayment"))
    bench.remote.status = 500
    with pytest.raises(RemoteRefused) as refused:
        bench.deliver()
    assert codes(refused.value.deviations) == ["fault-code-spelling"]


def test_a_confirmation_formatted_after_signing_is_noted(make_bench, wire):
    lenient = make_bench(ignore_whitespace=True)
    lenient.remote.says(wire.confirmed)
    lenient.remote.says_bytes(lenient.remote.answer().replace(b"><", b">\n  <"))
    assert codes(lenient.deliver().deviations) == ["reformatted-after-signing"]


def test_how_an_answer_travelled_is_judged_by_what_it_is():
    xml = "text/xml; charset=utf-8"
    assert http_deviations(200, xml, is_fault=False) == http_deviations(500, xml, is_fault=True) == ()
    assert codes(http_deviations(500, "Text/XML", is_fault=False)) == ["reply-with-http-error"]
    assert codes(http_deviations(200, "application/soap+xml", is_fault=True)) == [
        "fault-with-http-200", "content-type",
    ]  # fmt: skip


@pytest.mark.parametrize("header_last", [True, False])
def test_a_header_after_the_body_is_noted(bench, wire, header_last):
    parts = ["<s:Header/>", "<s:Body><x/></s:Body>"]
    text = "".join(reversed(parts) if header_last else parts)
    root = etree.fromstring(f'<s:Envelope xmlns:s="{wire.soap_namespace}">{text}</s:Envelope>')
    body = root.find(f"{{{wire.soap_namespace}}}Body")
    found = envelope_deviations(body[0], timedelta(0), whitespace_ignored=False)
    assert codes(found) == (["header-after-body"] if header_last else [])


def test_the_guides_codes_are_no_deviation():
    assert fault_deviations("InvoiceExpired") == ()
