"""Numbers and keys that people read, copy and mistype."""

import random

import pytest

from mpay_gateway.domain.identifiers import is_invoice_id, luhn_digit, new_invoice_id

KNOWN = (("7992739871", "3"), ("411111111111111", "1"), ("555555555555444", "4"), ("37828224631000", "5"))
"""The sample that textbooks print, and the test cards that card networks publish: none computed here."""
VALID = ("41111111111114", "00000000000000", "98765432109875", "12345678901237")
"""Their check digits come from the formula's other form, by a table of doubled digits, outside this project."""


@pytest.mark.parametrize(("body", "digit"), KNOWN)
def test_the_check_digit_is_the_published_one(body, digit):
    assert luhn_digit(body) == digit


@pytest.mark.parametrize("number", VALID)
def test_a_number_with_the_right_check_digit_is_an_invoice_number(number):
    assert is_invoice_id(number)


def test_numbers_of_ours_pass_their_own_check():
    drawn = random.Random(26)
    made = {new_invoice_id(drawn.randrange) for _ in range(200)}
    assert len(made) == 200
    assert all(is_invoice_id(each) for each in made)
    assert new_invoice_id(lambda _: 7) == "00000000000075"  # 7 doubled is 14, 1 + 4 is 5, 5 + 5 is 10


@pytest.mark.parametrize("number", VALID)
def test_every_single_wrong_digit_is_caught(number):
    wrong = [
        number[:place] + digit + number[place + 1 :]
        for place in range(14)
        for digit in "0123456789"
        if digit != number[place]
    ]
    assert len(wrong) == 14 * 9
    assert [each for each in wrong if is_invoice_id(each)] == []


def test_every_swap_of_neighbours_is_caught_but_that_of_0_and_9():
    """The formula's one known weakness: 09 and 90 count the same."""
    unnoticed = set()
    for first, second in [(a, b) for a in "0123456789" for b in "0123456789" if a != b]:
        for place in range(12):
            body = f"{'31415926535890'[:place]}{first}{second}{'27182818284590'[: 11 - place]}"
            number = body + luhn_digit(body)
            assert len(number) == 14
            swapped = number[:place] + second + first + number[place + 2 :]
            if is_invoice_id(swapped):
                unnoticed.add(first + second)
    assert unnoticed == {"09", "90"}


def test_a_swap_of_the_check_digit_with_its_neighbour_is_caught():
    bodies = [f"3141592653{last:03d}" for last in range(1000)]
    numbers = [body + luhn_digit(body) for body in bodies]
    swaps = [each[:12] + each[13] + each[12] for each in numbers if {each[12], each[13]} != {"0", "9"}]
    assert [each for each in swaps if each[12] != each[13] and is_invoice_id(each)] == []


@pytest.mark.parametrize(
    "text", ["", "0", "0000000000000", "000000000000000", "4111111111111a", " 41111111111114", "٤١١١١١١١١١١١١٤",
             "41111111111114\n", "4111 1111 1111 14"]
)  # fmt: skip
def test_anything_but_fourteen_plain_digits_is_no_invoice_number(text):
    assert not is_invoice_id(text)
