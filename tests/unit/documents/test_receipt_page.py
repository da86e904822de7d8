"""What a receipt says."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.language import Language
from tests.unit.documents.samples import RECEIPT, bare_receipt


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            Language.RO,
            ["Chitanță", "Agenția Moldsilva", "1.234,56 MDL", "23 noiembrie 2026, 11:21", "Achitat"],
        ),
        (
            Language.RU,
            ["Квитанция", "Агентство «Молдсилва»", "1 234,56 MDL", "23 ноября 2026, 11:21", "Оплачено"],
        ),
        (Language.EN, ["Receipt", "Moldsilva Agency", "1,234.56 MDL", "23 November 2026, 11:21", "Paid"]),
    ],
)
def test_a_receipt_is_written_in_each_language(draw, read, language, words):
    (page,) = read(draw(RECEIPT, language))
    for expected in [
        *words,
        "7K3Q X9M2 B4TV W8HN",
        "4820 1937 4655 10",
        "Card bancar",
        "Popescu Ion",
        "MD24 AG00 0225 1000 1310 4168",
    ]:
        assert expected in page


def test_each_line_is_printed_with_its_reason_and_account(draw, read):
    (page,) = read(draw(RECEIPT))
    first, second = page.index("Certificat de vânător, taxă anuală"), page.index("Autorizație de vânătoare")
    assert first < page.index("850,00 MDL") < second < page.index("384,56 MDL")


def test_it_says_when_the_service_was_told(draw, read):
    (page,) = read(draw(RECEIPT, Language.EN))
    assert "Confirmed to the service 23 November 2026, 11:22" in page
    assert "still to be told" not in page


def test_it_says_that_the_service_is_still_to_be_told(draw, read):
    (page,) = read(draw(replace(RECEIPT, confirmed_at=None), Language.EN))
    assert "still to be told" in page
    assert "Confirmed to the service" not in page


@pytest.mark.parametrize("language", Language)
def test_what_is_not_known_leaves_no_trace(draw, read, language):
    (page,) = read(draw(bare_receipt(), language))
    for word in ("None", "null", "undefined", "{", "}", "receipt.", "party.", "line."):
        assert word not in page
