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
        limits.before_lookup(client, FINES, key)
    except TooManyRequests:
        return False
    limits.not_found(client, FINES, key)
    return True


def test_of_keys_in_a_row_each_address_may_miss_one_when_many_ask():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=50))
    spread = addresses(60)
    assert all(guess(limits, client, f"{10_482_000 + n}") for n, client in enumerate(spread))
    assert not any(guess(limits, client, f"{10_482_500 + n}") for n, client in enumerate(spread))
    assert guess(limits, spread[0], "20482500")


def test_whoever_has_not_missed_finds_his_order_though_strangers_guess_its_neighbours():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=3, misses_per_service_per_hour=3))
    for number, client in enumerate(addresses(50)):
        guess(limits, client, f"104826{number:02}")
    limits.before_lookup("203.0.113.1", FINES, "10482659")


def test_a_service_whose_keys_are_guessed_allows_each_address_one_miss():
    limits = LookupLimits(LimitSettings(misses_per_service_per_hour=20, misses_per_10_minutes=5))
    spread = [f"{n:03}00000" for n in range(100)]
    for client, key in zip(addresses(10), spread, strict=False):
        assert guess(limits, client, key)
        assert guess(limits, client, key[::-1] + "1")
    assert not guess(limits, addresses(1)[0], "77700000")
    assert guess(limits, "203.0.113.1", "88800000")
    assert not guess(limits, "203.0.113.1", "99900000")


def test_a_locked_address_shuts_nobody_out_who_was_shown_his_order():
    limits = LookupLimits(LimitSettings(misses_per_10_minutes=1))
    assert guess(limits, "198.51.100.1", "10482651")
    with pytest.raises(TooManyRequests):
        limits.before_visit("198.51.100.1")
    limits.before_looking_again("a-visit-behind-the-same-address")


def test_whoever_reloads_his_invoice_without_end_uses_up_his_own_visit_only():
    limits = LookupLimits(LimitSettings(lookups_per_hour=3))
    for _ in range(3):
        limits.before_looking_again("his")
    with pytest.raises(TooManyRequests):
        limits.before_looking_again("his")
    limits.before_looking_again("hers")
    limits.before_lookup("198.51.100.1", FINES, "10482651")


def test_arrivals_from_one_address_are_limited():
    limits = LookupLimits(LimitSettings(visits_per_hour=2))
    for _ in range(2):
        limits.before_visit("198.51.100.1")
    with pytest.raises(TooManyRequests):
        limits.before_visit("198.51.100.1")
    limits.before_visit("198.51.100.2")


def test_other_services_are_not_touched():
    limits = LookupLimits(LimitSettings(misses_per_key_prefix_per_hour=1, misses_per_service_per_hour=1))
    assert guess(limits, "198.51.100.1", "10482651")
    limits.before_lookup("198.51.100.1", "OTHER", "10482651")


def test_the_same_wrong_key_again_is_no_new_guess_and_another_spelling_is():
    limits = LookupLimits(LimitSettings(misses_per_10_minutes=2))
    for _ in range(10):
        assert guess(limits, "198.51.100.1", "AB-1")
    assert guess(limits, "198.51.100.1", "ab-1")
    assert not guess(limits, "198.51.100.1", "AB1")


def test_pages_ask_the_provider_about_a_payment_now_and_then():
    limits = LookupLimits(LimitSettings())
    assert sum(limits.may_ask_provider("PAYMENT1") for _ in range(100)) == 10
    assert limits.may_ask_provider("PAYMENT2")


def test_a_guessed_service_is_named_in_the_log_without_keys_or_addresses():
    limits = LookupLimits(LimitSettings(misses_per_service_per_hour=2))
    with structlog.testing.capture_logs() as events:
        for number, client in enumerate(addresses(2)):
            guess(limits, client, f"9{number}482651")
    assert events == [{"event": "keys_guessed", "service": FINES, "log_level": "warning"}]


def test_orders_made_by_forms_count_against_who_makes_them():
    limits = LookupLimits(LimitSettings(forms_per_hour=2))
    for _ in range(2):
        limits.before_form("203.0.113.1")
    with pytest.raises(TooManyRequests) as refused:
        limits.before_form("203.0.113.1")
    assert refused.value.retry_after > 0
    limits.before_form("203.0.113.2")
