"""Whose address a request has, with our own proxies before the gateway and without."""

import ipaddress
from types import SimpleNamespace

import pytest

from mpay_gateway.web.addresses import client_of

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def address(remote: str, forwarded: str = "", proxies=PROXIES) -> str:
    gateway = SimpleNamespace(proxy_networks=proxies)
    environ = {"REMOTE_ADDR": remote} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    settings = SimpleNamespace(gateway=gateway)
    return client_of(SimpleNamespace(environ=environ, parts=SimpleNamespace(settings=settings)))


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        (
            "198.51.100.7",
            "203.0.113.9",
            "198.51.100.7",
        ),  # not one of our proxies: its header is its own claim
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),  # the client wrote the first itself
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("fd00::1", "2001:db8::5", "2001:db8::/64"),
        ("2001:db8:0:1:aaaa::5", "", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:bbbb::6", "", "2001:db8:0:1::/64"),
        ("fe80::5%eth0", "", "fe80::/64"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::/64"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
    ],
)
def test_only_our_own_proxies_are_believed(remote, forwarded, client):
    assert address(remote, forwarded) == client


def test_without_a_setting_no_header_is_believed():
    assert address("10.0.0.1", "203.0.113.9", proxies=()) == "10.0.0.1"
