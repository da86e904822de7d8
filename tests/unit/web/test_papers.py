"""The name of a downloaded paper."""

import pytest

from mpay_gateway.web.views.papers import disposition


def test_a_plain_name_is_quoted():
    assert disposition("Nota de plata 123.pdf") == (
        "attachment; filename=\"Nota de plata 123.pdf\"; filename*=UTF-8''Nota%20de%20plata%20123.pdf"
    )


@pytest.mark.parametrize(
    "name", ['a"; filename="b.exe', "a\r\nSet-Cookie: x=1", "a\\b", "chitanță.pdf", "a\u202egpj.pdf"]
)
def test_an_odd_name_cannot_leave_its_quotes_or_its_line(name):
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
