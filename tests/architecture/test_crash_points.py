"""Every commit and every outbound call of the shipped code has its crash points, and the registry names no others.

What the code does is read off its syntax: a name that is built at run time could not be checked, and is refused.
"""

import ast
import re

import pytest

from mpay_gateway.crash_points import CALLS, FILES, MIGRATION, POINTS, UNITS
from mpay_gateway.plugin_host.contracts import CONTRACTS, HookContract
from tests.architecture import checkout

COMMITTING = {"begin", "begin_nested", "commit", "connect", "raw_connection", "connection"}
DATABASE = re.compile(r"engine|connection\b|session\b|readers\b|sqlite3|psycopg")
MAY_HOLD_CONNECTIONS = {
    "src/mpay_gateway/storage/migrate.py",  # one commit, `migrate:*`
    "src/mpay_gateway/storage/migrations/env.py",  # the same commit, for alembic's own command line
    "src/mpay_gateway/storage/revision.py",  # only reads
    "src/mpay_gateway/storage/unit_of_work.py",  # the units; and `read`, whose connection never commits
}
NETWORK = {
    "aiohttp", "ftplib", "http.client", "httpx", "imaplib", "poplib", "requests", "smtplib", "socket", "socketserver",
    "urllib.request", "urllib3", "websockets", "zeep.transports",
}  # fmt: skip
MAY_KNOW_THE_NETWORK = {
    "src/mpay_gateway/outbound/",  # the one client
    "src/mpay_gateway/flow/gateway.py",  # this machine's name
    "src/mpay_gateway/cli/audit.py",  # this machine's name
    "src/mpay_gateway/conformance/connection.py",  # somebody's test service, never a payer's call
    "src/mpay_gateway/cli/running.py",  # whether an address to listen at is free
}
POINTS_BY_MODULE = {
    "src/mpay_gateway/storage/unit_of_work.py": {"{}:before-commit", "{}:after-commit"},
    "src/mpay_gateway/storage/migrate.py": MIGRATION - {"migrate:step"},
    "src/mpay_gateway/storage/migrations/env.py": MIGRATION,
    "src/mpay_gateway/cli/whole_files.py": FILES,
    "src/mpay_gateway/crash_points.py": {"call:{}:before", "call:{}:after", "call:{}:{}"},
}
"""Where the process may die, as the code names it; braces stand for what is put in at run time."""


def shipped():
    """Every module of the gateway and of the bundled plugins, with its syntax."""
    for package in (checkout.core_packages() | checkout.plugin_packages()).values():
        for path in checkout.modules(package):
            yield checkout.relative(path), checkout.parse(path)


def units_run(tree):
    """The name that each call of `UnitOfWork.run` gives, None where it is not written out."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="run"), args=[first, _]) if is_units(owner):
                yield first.value if isinstance(first, ast.Constant) else None
            case ast.Call(func=ast.Attribute(value=owner, attr="run")) if is_units(owner):
                yield None


def is_units(owner):
    """Whether an expression is a unit of work, as this code names it."""
    return ast.unparse(owner).rpartition(".")[2].strip("_").endswith("units") or "UnitOfWork" in ast.unparse(
        owner
    )


def hands_units_run_on(tree):
    """Lines where `units.run` itself is given away: its name would not be read here."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "run"
            and is_units(node.value)
            and id(node) not in called
        ):
            yield node.lineno


def connections_held(tree):
    """Lines that open a transaction or a connection to a database beside the unit of work."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="begin"), args=[_, *_]):
                pass  # an exchange over the network begins with its deadline; a transaction takes no argument
            case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in COMMITTING:
                if DATABASE.search(ast.unparse(owner)):
                    yield node.lineno


def points_passed(tree):
    """The name that each crash point is given, with braces for what is put in."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="crash_point"), args=[ast.Constant(value=name)]):
                yield name
            case ast.Call(func=ast.Name(id="crash_point"), args=[ast.JoinedStr(values=parts)]):
                yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
            case ast.Call(func=ast.Name(id="crash_point")):
                yield "?"


def test_the_registry_names_the_units_that_run_and_no_others():
    found = {}
    for module, tree in shipped():
        for name in units_run(tree):
            found.setdefault(name, module)
    assert None not in found, f"{found.get(None)}: the name of a unit is written out where it runs"
    assert {name: found[name] for name in set(found) - UNITS} == {}, "name these in crash_points.UNITS"
    assert UNITS - set(found) == set(), "nothing runs under these names any more"


def test_nobody_commits_beside_the_unit_of_work():
    found = {module: lines for module, tree in shipped() if (lines := list(connections_held(tree)))}
    assert set(found) == MAY_HOLD_CONNECTIONS, found


def test_units_are_run_where_their_name_stands():
    found = {module: lines for module, tree in shipped() if (lines := list(hands_units_run_on(tree)))}
    assert found == {}


def test_the_hooks_with_io_are_the_registered_calls():
    assert {name for name, contract in CONTRACTS.items() if contract.io} == CALLS
    with pytest.raises(ValueError, match="mpay_ask_an_oracle"):
        HookContract("mpay_ask_an_oracle", None, (str,), io=True)
    with pytest.raises(ValueError, match="mpay_start_payment"):
        HookContract("mpay_start_payment", None, (str,))


def test_only_the_one_client_knows_the_network():
    found = set()
    for package in (checkout.core_packages() | checkout.plugin_packages()).values():
        for path in checkout.modules(package):
            names = set(checkout.imported_names(path))
            if any(
                name in NETWORK or name.startswith(tuple(f"{each}." for each in NETWORK)) for name in names
            ):
                found.add(checkout.relative(path))
    strangers = {name for name in found if not name.startswith(tuple(MAY_KNOW_THE_NETWORK))}
    assert strangers == set()


def test_the_points_that_the_code_passes_are_the_registered_ones():
    found = {module: set(names) for module, tree in shipped() if (names := list(points_passed(tree)))}
    assert found == POINTS_BY_MODULE


def test_both_sides_of_every_commit_and_every_call_are_points():
    assert {f"{unit}:{moment}" for unit in UNITS for moment in ("before-commit", "after-commit")} < POINTS
    moments = ("before", "before-send", "after-answer", "after")
    assert {f"call:{call}:{moment}" for call in CALLS for moment in moments} < POINTS


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('parts.units.run("new-unit", store)', ["new-unit"]),
        ('self._units.run("new-unit", lambda work: None)', ["new-unit"]),
        ('UnitOfWork(engine, clock).run("new-unit", store)', ["new-unit"]),
        ("units.run(name, store)", [None]),
        ('units.run(name="new-unit", work=store)', [None]),
        ("worker.run(stop)", []),
    ],
)
def test_a_unit_is_seen_however_it_is_run(code, names):
    assert list(units_run(ast.parse(code))) == names


@pytest.mark.parametrize(
    "code",
    [
        "with engine.begin() as connection: ...",
        "self._engine.connect()",
        "parts.units.engine.raw_connection()",
        "engine.execution_options(purpose='write').begin()",
        "connection.commit()",
        "session.commit()",
        "sqlite3.connect(path)",
    ],
)
def test_a_commit_beside_the_unit_of_work_is_seen(code):
    assert list(connections_held(ast.parse(code))) == [1]


def test_a_unit_that_is_handed_on_is_seen():
    assert list(hands_units_run_on(ast.parse("later(parts.units.run, name)"))) == [1]
