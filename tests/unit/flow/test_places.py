"""Places at services: a bound on the calls in flight, given back whatever happens."""

import pytest

from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.flow.places import Places


def test_a_service_that_is_full_gets_no_further_call_and_others_do():
    places = Places(lambda _: 1)
    with places.at("A") as first, places.at("A") as second, places.at("B") as other:
        assert (first, second, other) == (True, False, True)
        assert places.full() == {"A", "B"}
    assert places.full() == frozenset()


def test_a_place_is_given_back_after_an_error():
    places = Places(lambda _: 1)

    def fail():
        with places.at("A"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert places.full() == frozenset()


def test_a_service_that_cannot_be_used_has_one_place_and_stops_nobody():
    def limit_of(service_id: str) -> int:
        if service_id == "GONE":
            raise UnknownService(service_id)
        return 2

    places = Places(limit_of)
    with places.at("GONE") as first, places.at("GONE") as second, places.at("B") as other:
        assert (first, second, other) == (True, False, True)
        assert places.full() == {"GONE"}
