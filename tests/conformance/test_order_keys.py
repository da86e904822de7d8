"""Order keys of a service's answers, as the kit compares them."""

import time

from mpay_gateway.conformance.answer import as_key


def test_keys_are_compared_in_one_form_without_the_white_space_around_them():
    assert as_key(" s\u0326-1\n") == as_key("\u0219-1")
    assert as_key("A-1") != as_key("a-1")


def test_no_length_of_a_key_holds_up_the_run():
    tower = "a" + "\u0316\u0301" * 40_000
    began = time.monotonic()
    assert as_key(tower) == tower
    assert time.monotonic() - began < 2
