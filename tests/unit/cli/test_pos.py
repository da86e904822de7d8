"""`mpay pos`: what vendors registered, and what operators do about it."""

import json

import pytest

from mpay_gateway.domain.pos_terminal import TerminalData
from mpay_gateway.flow.pos_terminals import register_terminal, terminals_at

DATA = TerminalData("Office", "1006601000255", "str. Mare 1", "", "3", "T-100", "Bank", "198.51.100.7")


@pytest.fixture
def terminal(gateway):
    gateway.parts.settings.gateway.proxy_networks = ()
    return register_terminal(gateway.parts, "vendor", DATA)


def test_without_terminals_the_list_says_so(run, ready):
    assert run("pos", "list").out == "no POS terminals are registered\n"


def test_a_terminal_is_listed_disabled_with_a_reason_and_enabled(run, gateway, terminal):
    listed = run("pos", "list").out
    for shown in (
        terminal.id,
        "enabled",
        "Bank",
        "T-100",
        "Office (1006601000255)",
        "str. Mare 1, 3",
        "vendor",
    ):
        assert shown in listed
    assert (
        run("pos", "disable", terminal.id, "--reason", "stolen").out == f"{terminal.id}: disabled (stolen)\n"
    )
    assert terminals_at(gateway.parts, "vendor", DATA.intended_ip) == ()
    assert "disabled: stolen" in run("pos", "list").out
    assert run("pos", "enable", terminal.id).out == f"{terminal.id}: enabled\n"
    assert len(terminals_at(gateway.parts, "vendor", DATA.intended_ip)) == 1


def test_the_list_as_json_has_everything(run, terminal):
    (told,) = json.loads(run("pos", "list", "--json").out)
    assert (told["id"], told["caller"], told["data"]["intended_ip"]) == (
        terminal.id,
        "vendor",
        "198.51.100.7",
    )


@pytest.mark.parametrize("arguments", [("disable", "NOBODY00", "--reason", "x"), ("enable", "NOBODY00")])
def test_a_terminal_that_is_not_there_is_an_error_in_one_line(run, ready, arguments):
    done = run("pos", *arguments)
    assert (done.status, done.err) == (1, "mpay: not found: POS terminal NOBODY00\n")


def test_a_reason_is_demanded(run, terminal):
    assert run("pos", "disable", terminal.id).status == 2
    assert run("pos", "disable", terminal.id, "--reason", " ").status == 1
