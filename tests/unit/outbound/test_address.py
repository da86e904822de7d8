"""Where the client may connect to."""

import ipaddress
import socket
import time

import pytest

from mpay_gateway.domain.errors import RemoteUnavailable
from mpay_gateway.outbound import AddressPolicy
from mpay_gateway.outbound.address import parse_target, resolve

STRICT = AddressPolicy()
OPEN = AddressPolicy(allow_http=True, allow_networks=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1",
        "2002:a00:1::", "2001:db8::1", "fec0::1", "3fff::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_global_are_refused(text: str) -> None:
    assert not STRICT.allows(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"])
def test_global_addresses_are_allowed(text: str) -> None:
    assert STRICT.allows(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("text", "allowed"), [("127.9.9.9", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False)]
)
def test_networks_of_the_operator_are_allowed_whatever_form_the_address_has(
    text: str, *, allowed: bool
) -> None:
    assert OPEN.allows(ipaddress.ip_address(text)) is allowed


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/", "ftp://bank.example/", "file:///etc/passwd", "gopher://bank.example/",
        "//bank.example/", "bank.example", "", "https://", "https:bank.example", "https://user@bank.example/",
        "https://user:word@bank.example/", "https://@bank.example/", "https://bank.example:22/",
        "https://bank.example:0/", "https://bank.example:99999/", "https://bank.example:x/",
        "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://0x7f000001/",
        "https://127.1/", "https://bank.example\\@evil.example/", "https://bank.example/ x",
        "https://bank.example/\r\nX: y", "https://b\u0430nk.example/", "https://bank..example/",
        "https://[::1%25lo]/", "https://%31%32%37.0.0.1/",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises(RemoteUnavailable, match="address not allowed"):
        parse_target(url, STRICT)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://Bank.Example", "bank.example", "/"),
        ("https://bank.example:443/a?b=c#d", "bank.example", "/a?b=c"),
        ("https://bank.example:8443/?x", "bank.example:8443", "/?x"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443", "/"),
        ("https://my_bank-1.example/%D0%B0", "my_bank-1.example", "/%D0%B0"),
    ],
)
def test_a_url_is_taken_apart(url: str, authority: str, path: str) -> None:
    target = parse_target(url, STRICT)
    assert (target.authority, target.path) == (authority, path)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str, seconds: float = 0.0) -> None:
    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        time.sleep(seconds)
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_of_a_names_addresses_only_the_allowed_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "10.0.0.1", "93.184.216.34", "::1")
    target = parse_target("https://bank.example/", STRICT)
    assert resolve(target, STRICT, timeout=1) == (ipaddress.ip_address("93.184.216.34"),)


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "10.0.0.1", "::ffff:127.0.0.1")
    with pytest.raises(RemoteUnavailable, match=r"address not allowed: bank\.example"):
        resolve(parse_target("https://bank.example/", STRICT), STRICT, timeout=1)


def test_a_literal_address_is_checked_without_a_resolver() -> None:
    with pytest.raises(RemoteUnavailable, match="address not allowed"):
        resolve(parse_target("https://[::ffff:10.0.0.1]/", STRICT), STRICT, timeout=1)


def test_a_resolver_that_does_not_answer_is_cut_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.216.34", seconds=2)
    began = time.monotonic()
    with pytest.raises(RemoteUnavailable, match="not resolved in time"):
        resolve(parse_target("https://bank.example/", STRICT), STRICT, timeout=0.1)
    assert time.monotonic() - began < 1
