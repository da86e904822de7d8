"""`[access]`: who is to be let in, refused at the start when nobody could be, or more than was meant."""

import ipaddress
from pathlib import Path

import pytest

from mpay_gateway.api import ConfigurationError
from mpay_gateway.settings import read_settings
from mpay_gateway.settings.access import Right
from tests.unit.settings.conftest import GOOD

ACCESS = """
[access]
certificate_header = "X-Client-Certificate"
public_url = "https://pay.example:8443"

[access.callers.school]
certificates = ["CN=school", "CN=school-2"]
networks = ["198.51.100.7", "2001:db8::/32"]
services = ["OPEN01"]

[access.callers.bank]
certificates = ["CN=bank"]
networks = ["203.0.113.0/24"]
services = ["*"]
may = ["invoices", "pos"]
"""


def read(home: Path, text: str):
    path = home / "gateway.toml"
    path.write_text(GOOD + text, "utf-8")
    return read_settings(path).access


def test_nobody_is_let_in_unless_he_is_named(home: Path) -> None:
    access = read(home, "")
    assert (dict(access.callers), access.certificate_header) == ({}, "")
    assert access.of_certificate("", Right.INVOICES) is None


def test_a_caller_is_known_by_each_of_his_certificates_and_for_his_rights_alone(home: Path) -> None:
    access = read(home, ACCESS)
    assert [access.of_certificate(told, Right.INVOICES)[0] for told in ("CN=school-2", "CN=bank")] == [
        "school",
        "bank",
    ]
    assert access.of_certificate("CN=bank", Right.POS)[0] == "bank"
    assert access.of_certificate("CN=school", Right.POS) is None
    for told in ("", "CN=", "cn=school", "CN=school "):
        assert access.of_certificate(told, Right.INVOICES) is None, told


def test_a_caller_sees_his_services_alone(home: Path) -> None:
    callers = read(home, ACCESS).callers
    assert (callers["school"].sees("OPEN01"), callers["school"].sees("OPEN02")) == (True, False)
    assert callers["bank"].sees("OPEN02")
    assert callers["school"].parsed_networks[0] == ipaddress.ip_network("198.51.100.7/32")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('certificate_header = "X-Client-Certificate"\n', "", "certificate_header is required"),
        ('["CN=school", "CN=school-2"]', "[]", "certificates: at least one"),
        ('["CN=school", "CN=school-2"]', '["CN=school", " "]', "none of them empty"),
        ('["CN=bank"]', '["CN=school"]', "belongs to two callers"),
        ('["203.0.113.0/24"]', "[]", "networks is empty"),
        ('["203.0.113.0/24"]', '["203.0.113.1/24"]', "host bits"),
        ('["OPEN01"]', "[]", "ids of services"),
        ('["OPEN01"]', '["all of them"]', "ids of services"),
        ('["invoices", "pos"]', "[]", "may is empty"),
        ('["invoices", "pos"]', '["invoice"]', "expected one of"),
        ("[access.callers.bank]", "[access.callers.Bank]", "small letters"),
        ("https://pay.example:8443", "https://pay.example/api", "without path"),
        ("networks = [\"203", "network = [\"203", "did you mean 'networks'"),
    ],
)  # fmt: skip
def test_what_would_let_in_nobody_or_too_many_is_refused_by_name(
    home: Path, old: str, new: str, said: str
) -> None:
    assert old in ACCESS
    with pytest.raises(ConfigurationError) as caught:
        read(home, ACCESS.replace(old, new))
    assert all(problem.startswith("access") for problem in caught.value.problems)
    assert said in " ".join(caught.value.problems)
