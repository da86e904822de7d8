"""Order keys of a service's answers, as the kit compares them."""

import time
from types import SimpleNamespace

import pytest

from mpay_gateway.conformance import CATALOGUE, messages
from mpay_gateway.conformance.answer import as_key


def test_keys_are_compared_in_one_form_without_the_white_space_around_them():
    assert as_key(" s\u0326-1\n") == as_key("\u0219-1")
    assert as_key("A-1") != as_key("a-1")


def test_no_length_of_a_key_holds_up_the_run():
    tower = "a" + "\u0316\u0301" * 40_000
    began = time.monotonic()
    assert as_key(tower) == tower
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("key", ["READ-100", "A&B<C>"])
@pytest.mark.parametrize(
    ("check", "written"), [("ENC-08", b"<OrderKey><![CDATA["), ("ENC-09", b"<OrderKey>&#x")]
)
def test_a_key_is_sent_in_another_form_whatever_letters_it_has(key: str, check: str, written: bytes) -> None:
    """Sent as it always is, it would pass without a proof."""
    ways = []

    def look_up_with(way):
        ways.append(way)
        return SimpleNamespace(orders=("an order",))

    bench = SimpleNamespace(
        target=SimpleNamespace(order_keys=(key,)), found_accepts=lambda: None, look_up_with=look_up_with
    )
    (run,) = [each.run for each in CATALOGUE if each.id == check]
    assert list(run(bench)) == []
    assert written in ways[0].change(messages.lookup("S", key).encode())
