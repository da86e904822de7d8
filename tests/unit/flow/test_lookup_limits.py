"""Guessing of order keys: from one address, from many, and of keys that begin alike."""

from itertools import product

import pytest
import structlog

from mpay_gateway.domain.errors import TooManyRequests
from mpay_gateway.flow.lookup_limits import LookupLimits
from mpay_gateway.settings import LimitSettings

FINES = "FINES"


def addresses(count: int) -> list[str]:
    return [f"198.51.{high}.{low}" for high, low in product(range(256), range(256))][:count]


def guess(limits: LookupLimits, client: str, key: str) -> bool:
    """Whether a look-up of a key that does not exist was let through."""
    try:
        limits.before_lookup(client, FINES, key, seen=False)
    except TooManyRequests:
        return False
    limits.not_found(client, FINES, key)
    return True


def test_keys_in_a_row_are_found_out_however_many_addresses_ask():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=50))
    let_through = [guess(limits, client, f"{10_482_000 + n}") for n, client in enumerate(addresses(900))]
    assert let_through == [True] * 50 + [False] * 850


def test_a_service_whose_keys_are_guessed_allows_each_address_one_miss():
    limits = LookupLimits(LimitSettings(misses_per_service_per_hour=20, misses_per_10_minutes=5))
    spread = [f"{n:03}00000" for n in range(100)]
    for client, key in zip(addresses(10), spread, strict=False):
        assert guess(limits, client, key)
        assert guess(limits, client, key[::-1] + "1")
    assert not guess(limits, addresses(1)[0], "77700000")
    assert guess(limits, "203.0.113.1", "88800000")
    assert not guess(limits, "203.0.113.1", "99900000")


def test_whoever_was_shown_his_order_goes_on_though_others_guess_its_neighbours():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=3))
    for number, client in enumerate(addresses(3)):
        assert guess(limits, client, f"1048265{number}")
    with pytest.raises(TooManyRequests):
        limits.before_lookup("203.0.113.1", FINES, "10482659", seen=False)
    limits.before_lookup("203.0.113.1", FINES, "10482659", seen=True)
    limits.before_lookup("203.0.113.1", FINES, "20482659", seen=False)


def test_other_services_are_not_touched():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=1, misses_per_service_per_hour=1))
    assert guess(limits, "198.51.100.1", "10482651")
    limits.before_lookup("198.51.100.1", "OTHER", "10482651", seen=False)


def test_the_same_wrong_key_again_is_no_new_guess():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=2))
    for _ in range(10):
        assert guess(limits, "198.51.100.1", "10482651")


def test_a_guessed_service_is_named_in_the_log_without_keys_or_addresses():
    limits = LookupLimits(LimitSettings(misses_per_service_per_hour=2))
    with structlog.testing.capture_logs() as events:
        for number, client in enumerate(addresses(2)):
            guess(limits, client, f"9{number}482651")
    assert events == [{"event": "keys_guessed", "service": FINES, "log_level": "warning"}]
