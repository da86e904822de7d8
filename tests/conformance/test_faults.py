"""Every check fires on its fault, and no other check of its group does."""

import pytest

from mpay_gateway.conformance import CATALOGUE, Report, Status
from tests.conformance.bench import Host, judge
from tests.conformance.faults import FAULTS

PROVED_ELSEWHERE = {"TRN-10", "TRN-11"}
"""By tests/conformance/test_tls.py."""


def failed(report: Report) -> dict[str, str]:
    return {each.check.id: each.detail for each in report.results if each.status is Status.FAILED}


def of_group(identifier: str) -> list[str]:
    """The checks that are run for a fault: its own group, and what proves or explains it."""
    group = identifier.partition("-")[0]
    return [check.id for check in CATALOGUE if check.id.startswith(group)]


def test_every_check_has_a_faulty_service() -> None:
    assert {check.id for check in CATALOGUE} == set(FAULTS) | PROVED_ELSEWHERE


def test_the_correct_service_is_found_correct(host: Host) -> None:
    report = judge(host, host.service("correct"))
    assert failed(report) == {}
    not_run = {each.check.id for each in report.results if each.status is Status.NOT_RUN}
    assert not_run == PROVED_ELSEWHERE


@pytest.mark.parametrize("identifier", sorted(FAULTS))
def test_a_check_fires_on_its_fault_and_only_there(host: Host, identifier: str) -> None:
    service = host.service(identifier)
    FAULTS[identifier].bend(service)
    wanted = of_group(identifier)
    report = judge(host, service, [check for check in CATALOGUE if check.id in wanted])
    assert set(failed(report)) == {identifier}, failed(report)
