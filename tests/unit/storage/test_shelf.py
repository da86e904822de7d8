"""What is remembered, and what is forgotten."""

from mpay_gateway.storage.shelf import Shelf


def test_the_oldest_go_when_there_are_too_many():
    shelf: Shelf[int] = Shelf(2)
    for key, value in (("a", 1), ("b", 2), ("c", 3)):
        shelf.put(key, value)
    assert [shelf.get(key) for key in "abc"] == [None, 2, 3]
