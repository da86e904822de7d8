"""Services of 2016: asked by their own form of the contract, and not judged by what came after it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mpay_gateway.conformance import CATALOGUE, Contract, Report, Status
from tests.conformance import books
from tests.conformance.bench import Host, judge
from tests.conformance.demo import Demo, run
from tests.conformance.faults import FAULTS
from tests.conformance.service import Call, Service
from tests.conformance.service_2016 import service_of_2016
from tests.conformance.test_faults import PROVED_ELSEWHERE, failed

NEWER = {check.id for check in CATALOGUE if check.newer}
NO_STRUCTURE = {"SHP-06", "LOK-33", "LOK-34"}
"""What accounts with members have; in 2016 the account of a line was a text."""


def judged(host: Host, service: Service, contract: Contract = Contract.WSDL_2016) -> Report:
    return judge(host, service, CATALOGUE, replace(host.target(service), contract=contract))


def not_run(report: Report) -> dict[str, str]:
    return {each.check.id: each.detail for each in report.results if each.status is Status.NOT_RUN}


def test_a_right_service_of_2016_is_found_right_and_told_what_it_is_not_judged_by(host: Host) -> None:
    report = judged(host, service_of_2016(host, "of-2016"))
    assert failed(report) == {}
    left = not_run(report)
    assert set(left) == PROVED_ELSEWHERE | NEWER | NO_STRUCTURE
    assert {"LOK-09", "LOK-10", "LOK-11", "LOK-12", "LOK-13", "LOK-14", "WSD-11", "SHP-12"} == NEWER
    assert {left[each] for each in NEWER} == {
        "by the contract of 2016 the query has no Language",
        "by the contract of 2016 DestinationAccount of a line is a text",
    }


def test_a_service_of_guide_1_3_is_found_right_by_the_contract_of_2016_too(host: Host) -> None:
    report = judged(host, host.service("of-1-3-asked-as-2016"))
    assert failed(report) == {}
    assert set(not_run(report)) == PROVED_ELSEWHERE | NEWER


def test_by_guide_1_3_a_service_of_2016_is_found_to_be_of_2016(host: Host) -> None:
    """Its schema knows no Language: it answers nothing."""
    found = failed(judged(host, service_of_2016(host, "of-2016-by-1-3"), Contract.GUIDE_1_3))
    assert {"LOK-01", "WSD-11"} <= set(found)


def test_what_is_sent_has_no_member_that_2016_did_not_have(host: Host) -> None:
    service = service_of_2016(host, "sent-2016")
    sent: list[bytes] = []

    def keep(call: Call) -> None:
        sent.append(call.body)

    service.intercept = keep
    judged(host, service)
    names = set(re.findall(rb"<(\w+)>", b"".join(sent)))
    assert names & {b"Language", b"BankFiscalCode", b"ConfigurationCode", b"Type"} == set()
    assert {b"OrderKey", b"PaymentID"} <= names
    paid = [body for body in sent if b"<PaymentID>" in body and books.RIGID[0].encode() in body]
    account = b"<DestinationAccount><BankAccount>MD87TRPBAA142310A1500001</BankAccount><BankCode></BankCode>"
    assert account in paid[0]


@pytest.mark.parametrize(
    "identifier",
    ["SIG-01", "SIG-20", "LOK-04", "LOK-20", "SHP-13", "CNF-04", "CNF-25", "CNF-32", "IDM-02", "FLT-04", "WSD-12"],
)  # fmt: skip
def test_a_fault_of_a_service_of_2016_is_found_by_its_check_alone(host: Host, identifier: str) -> None:
    service = service_of_2016(host, f"2016-{identifier}")
    FAULTS[identifier].bend(service)
    assert set(failed(judged(host, service))) == {identifier}


def test_the_command_takes_the_contract_as_a_registration_names_it(demo: Demo, tmp_path: Path) -> None:
    words = ("--contract", "2016", "--messages", str(tmp_path))
    found = run(*demo.arguments(demo.order("one-line")), *words)
    assert found.exit_code == 0, found.output
    assert "because: by the contract of 2016 the query has no Language" in found.output
    sent = b"".join(path.read_bytes() for path in tmp_path.rglob("*-sent.xml"))
    assert (b"<OrderKey>" in sent, b"<Language>" in sent) == (True, False)
    assert run(*demo.arguments("ANY"), "--contract", "2015").exit_code == 2
