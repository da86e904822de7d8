"""Look-ups that lead to no order: what was said is kept, and a service that hangs keeps its places only."""

import threading
from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import InvalidAnswer, PluginBusy, RemoteUnavailable, UnknownOrder
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.order_lookup import look_up, possible_key
from mpay_gateway.storage.tables import evidence
from tests.unit.flow.counting import rows_in
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, service_named

PATIENCE = 20


def ask(gateway: ScriptedGateway, key: str = "ORDER-1") -> None:
    look_up(gateway.parts, gateway.parts.services.get(SERVICE), key, Language.RO)


@pytest.mark.parametrize("outcome", ["unbelievable", "empty", "another order"])
def test_an_answer_that_leads_to_no_order_is_kept(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    def answer(service: object, query: object) -> OrderLookup:
        gateway.calls._call(query.evidence, "GetOrderDetails")
        if outcome == "unbelievable":
            raise InvalidAnswer("not signed")
        return OrderLookup(() if outcome == "empty" else (gateway.calls.order("ORDER-2"),))

    monkeypatch.setattr(gateway.calls, "lookup_orders", answer)
    with pytest.raises((InvalidAnswer, UnknownOrder)):
        ask(gateway)
    assert rows_in(gateway, evidence) == 2


def test_of_a_service_that_said_nothing_nothing_is_kept(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(service: object, query: object) -> None:
        raise RemoteUnavailable("no connection")

    monkeypatch.setattr(gateway.calls, "lookup_orders", no_answer)
    with pytest.raises(RemoteUnavailable):
        ask(gateway)
    assert rows_in(gateway, evidence) == 0


def test_a_service_that_hangs_takes_half_of_its_connectors_calls_at_most(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, waiting, go = gateway.calls.lookup_orders, threading.Semaphore(0), threading.Event()

    def hang(service: object, query: object) -> OrderLookup:
        waiting.release()
        assert go.wait(PATIENCE)
        return real(service, query)

    monkeypatch.setattr(gateway.calls, "lookup_orders", hang)
    threads = [threading.Thread(target=ask, args=(gateway, f"ORDER-{each}")) for each in range(8)]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            assert waiting.acquire(timeout=PATIENCE)
        with pytest.raises(PluginBusy):
            ask(gateway, "ORDER-9")
    finally:
        go.set()
        for thread in threads:
            thread.join(PATIENCE)
    monkeypatch.undo()
    ask(gateway, "ORDER-9")


def test_fruitless_look_ups_are_sound_in_the_books(
    gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = gateway.calls.order("ORDER-2")
    monkeypatch.setattr(gateway.calls, "order", lambda key: another)
    with pytest.raises(UnknownOrder):
        ask(gateway)
    assert rows_in(gateway, evidence) == 2
    assert check_books(gateway.parts.units) == ()


@pytest.mark.parametrize("typed", ["MDS0112345", "mds0112345", " MDS 01 12345 ", "mds\u00a001 12345"])
def test_small_letters_and_blanks_in_a_key_are_mended_where_its_pattern_says_how(typed):
    service = replace(service_named(SERVICE), order_key_pattern="MDS[0-9]{7}")
    assert possible_key(service, typed) == "MDS0112345"


def test_a_key_that_its_pattern_takes_as_it_is_stays_as_it_is():
    service = replace(service_named(SERVICE), order_key_pattern="[a-z]{2} [0-9]+")
    assert possible_key(service, "ab 12") == "ab 12"
    with pytest.raises(UnknownOrder):
        possible_key(service, "ab-12")
    assert possible_key(service_named(SERVICE), "ab 12") == "ab 12"
