"""Who may call: addresses in each form that servers write them in, certificates compared whole."""

import pytest

from mpay_gateway.domain.callers import certified, networks_of, within

NETWORKS = networks_of(["198.51.100.0/24", "203.0.113.9", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("address", "inside"),
    [("198.51.100.7", True), ("198.51.101.7", False), ("203.0.113.9", True), ("203.0.113.8", False),
     ("::ffff:198.51.100.7", True), ("::ffff:198.51.101.7", False), ("2001:db8:1::1", True), ("2001:db9::1", False),
     ("unknown", False), ("", False), ("198.51.100.7:80", False)],
)  # fmt: skip
def test_an_address_is_in_a_network_in_whatever_form_it_comes(address, inside):
    assert within(address, NETWORKS) is inside


def test_nobody_is_in_no_network():
    assert not within("198.51.100.7", ())


@pytest.mark.parametrize("told", ["", "CN=a", "CN=ab ", "CN=abc", "cn=ab", "CN=ab\u0435"])
def test_a_certificate_is_known_only_whole(told):
    assert certified("CN=ab", ["CN=x", "CN=ab"])
    assert not certified(told, ["CN=x", "CN=ab"])


def test_nothing_told_is_no_certificate_even_where_an_empty_one_is_listed():
    assert not certified("", [""])
