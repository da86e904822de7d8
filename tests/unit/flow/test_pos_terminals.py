"""POS terminals on both databases: registered once, changed by their vendor, disabled by operators, all of it noted."""

import json
from dataclasses import replace

import pytest

from mpay_gateway.domain.callers import networks_of
from mpay_gateway.domain.errors import InvalidForm, InvalidInput, NotFound
from mpay_gateway.domain.pos_terminal import TerminalData
from mpay_gateway.flow.evidence.verification import verify_everything
from mpay_gateway.flow.pos_terminals import TerminalBook, register_terminal, terminals_at
from mpay_gateway.storage.evidence import POS_TERMINAL

OFFICE = "198.51.100.7"
TERMINAL = TerminalData(
    "Permits Office", "1006601000255", "Chișinău, str. Mare 1", "", "3", "T-100", "Bank", OFFICE
)


@pytest.fixture(autouse=True)
def proxies(gateway):
    """Called with networks: our own proxies are there. None at first."""
    place = gateway.parts.settings.gateway
    place.proxy_networks = ()
    return lambda *texts: setattr(place, "proxy_networks", networks_of(texts))


@pytest.fixture
def book(gateway):
    return TerminalBook(gateway.parts.units, gateway.parts.clock, "shell:test")


def noted(gateway, terminal_id):
    """What was written down about a terminal: what, by whom."""

    def read(work):
        rows = work.evidence.of_subject(f"{POS_TERMINAL}{terminal_id}")
        return [json.loads(work.evidence.body(row.id)) for row in rows]

    return [(each["change"], each["by"]) for each in gateway.parts.units.read(read)]


def test_a_terminal_is_registered_once_and_may_call_from_its_address_alone(gateway):
    first = register_terminal(gateway.parts, "bank", TERMINAL)
    again = register_terminal(gateway.parts, "bank", TERMINAL)
    assert again == first
    assert gateway.parts.units.read(lambda work: work.pos_terminals.all()) == (first,)
    assert noted(gateway, first.id) == [("registered", "caller:bank")]
    assert terminals_at(gateway.parts, "bank", OFFICE) == (first,)
    assert terminals_at(gateway.parts, "bank", f"::ffff:{OFFICE}") == (first,)
    for caller, address in (("bank", "198.51.100.8"), ("other", OFFICE), ("bank", "unknown")):
        assert terminals_at(gateway.parts, caller, address) == ()


def test_a_terminal_that_moves_keeps_its_number_and_loses_its_old_address(gateway):
    first = register_terminal(gateway.parts, "bank", TERMINAL)
    moved = register_terminal(
        gateway.parts, "bank", replace(TERMINAL, intended_ip="198.51.100.8", counter="4")
    )
    assert (moved.id, moved.registered_at) == (first.id, first.registered_at)
    assert terminals_at(gateway.parts, "bank", OFFICE) == ()
    assert [each.data.counter for each in terminals_at(gateway.parts, "bank", "198.51.100.8")] == ["4"]
    assert noted(gateway, first.id) == [("registered", "caller:bank"), ("changed", "caller:bank")]


def test_the_same_number_of_another_vendor_or_caller_is_another_terminal(gateway):
    ids = {
        register_terminal(gateway.parts, caller, replace(TERMINAL, vendor_name=vendor)).id
        for caller in ("bank", "other")
        for vendor in ("Bank", "Second Bank")
    }
    assert len(ids) == 4


def test_what_operators_disabled_its_vendor_cannot_switch_on(gateway, book):
    terminal = register_terminal(gateway.parts, "bank", TERMINAL)
    assert book.disable(terminal.id, "stolen").disabled_why == "stolen"
    assert book.disable(terminal.id, "again").disabled_why == "stolen"
    assert terminals_at(gateway.parts, "bank", OFFICE) == ()
    for data in (TERMINAL, replace(TERMINAL, counter="5")):
        with pytest.raises(InvalidForm) as refused:
            register_terminal(gateway.parts, "bank", data)
        assert refused.value.problems == (("TerminalId", "pos.disabled"),)
    assert book.enable(terminal.id).disabled_at is None
    assert [each.data for each in terminals_at(gateway.parts, "bank", OFFICE)] == [TERMINAL]
    shell = "shell:test"
    assert noted(gateway, terminal.id)[1:] == [("disabled", shell), ("enabled", shell)]


def test_an_unknown_terminal_and_a_missing_reason_are_refused(book, gateway):
    with pytest.raises(NotFound):
        book.disable("NOBODY00", "stolen")
    with pytest.raises(NotFound):
        book.enable("NOBODY00")
    terminal = register_terminal(gateway.parts, "bank", TERMINAL)
    with pytest.raises(InvalidInput, match="reason"):
        book.disable(terminal.id, "  ")


def test_the_address_of_our_own_proxy_is_no_terminals(gateway, proxies):
    proxies(f"{OFFICE}/32")
    with pytest.raises(InvalidForm) as refused:
        register_terminal(gateway.parts, "bank", TERMINAL)
    assert refused.value.problems == (("IntendedIp", "pos.proxy"),)
    assert gateway.parts.units.read(lambda work: work.pos_terminals.all()) == ()


def test_what_is_noted_of_terminals_stands_in_chains_that_hold(gateway, book):
    book.disable(register_terminal(gateway.parts, "bank", TERMINAL).id, "stolen")
    report = verify_everything(gateway.parts)
    assert report.problems == ()
