"""Numbers of things as operators read them."""

import pytest

from mpay_gateway.domain.counted import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 tries"), (1, "1 try"), (2, "2 tries"), (11, "11 tries"), (-1, "-1 tries")]
)
def test_one_thing_is_one_and_all_other_numbers_are_many(number, said):
    assert counted(number, "try", "tries") == said


def test_most_nouns_take_an_s():
    assert (counted(1, "row"), counted(3, "row")) == ("1 row", "3 rows")
