"""What an invoice says."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import CustomerType
from mpay_gateway.domain.service import Channel
from tests.unit.documents.samples import INVOICE, bare_invoice, lei, with_order, with_service


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            Language.RO,
            [
                "Notă de plată",
                "Agenția Moldsilva",
                "1.234,56 MDL",
                "De plătit până la 31 decembrie 2026",
                "Plătitor",
            ],
        ),
        (
            Language.RU,
            [
                "Счёт на оплату",
                "Агентство «Молдсилва»",
                "1 234,56 MDL",
                "Оплатить до 31 декабря 2026",
                "Плательщик",
            ],
        ),
        (
            Language.EN,
            ["Payment notice", "Moldsilva Agency", "1,234.56 MDL", "Pay by 31 December 2026", "Payer"],
        ),
    ],
)
def test_an_invoice_is_written_in_each_language(draw, read, language, words):
    (page,) = read(draw(INVOICE, language))
    for expected in [
        *words,
        "4820 1937 4655 10",
        "MD24 AG00 0225 1000 1310 4168",
        "1006601000255",
        "MDS0200012345",
    ]:
        assert expected in page


def test_the_lines_and_the_total_are_printed(draw, read):
    (page,) = read(draw(INVOICE))
    assert "Certificat de vânător, taxă anuală" in page
    assert page.index("850,00 MDL") < page.index("384,56 MDL") < page.rindex("1.234,56 MDL")
    assert "Ministerul Finanțelor – Trezoreria de Stat" in page
    assert "TREZMD2X" in page


def test_the_payer_is_masked_where_the_service_asks_for_it(draw, read):
    content = draw(INVOICE)
    (page,) = read(content)
    assert "Po**** I." in page
    assert "20********426" in page
    assert "Popescu" not in page
    assert "2000123456426" not in page


def test_the_payer_is_named_where_the_service_does_not_mask(draw, read):
    (page,) = read(draw(with_service(mask=False)))
    assert "Popescu Ion" in page
    assert "Cod personal 2000123456426" in page
    assert "ascunse" not in page


def test_an_organisation_has_a_fiscal_code(draw, read):
    (page,) = read(draw(with_order(customer_type=CustomerType.ORGANIZATION, customer_id="1003600012345")))
    assert "Cod fiscal 10********345" in page


@pytest.mark.parametrize("language", Language)
def test_what_is_not_known_leaves_no_trace(draw, read, language):
    (page,) = read(draw(bare_invoice(), language))
    for word in ("None", "null", "undefined", "{", "}", "invoice.", "party.", "line."):
        assert word not in page


def test_an_amount_that_is_not_known_is_the_payers_choice(draw, read):
    (page,) = read(draw(bare_invoice()))
    assert "Suma o alegeți la plată" in page
    assert "la alegere" in page


def test_notes_say_what_may_be_paid(draw, read):
    part = replace(with_order(allow_advance=True), payable=lei("500.00"))
    (page,) = read(draw(part, Language.EN))
    assert "At most 500.00 MDL can be paid now" in page
    assert "paid in parts" in page
    assert "in advance" in page
    (page,) = read(draw(with_order(allow_partial=False), Language.EN))
    assert "in parts" not in page
    assert "At most" not in page


@pytest.mark.parametrize(
    ("channels", "shown", "hidden"),
    [
        ((Channel.PORTAL,), ["Online"], ["terminal", "counter"]),
        ((Channel.KIOSK,), ["At a payment terminal"], ["Online", "counter"]),
        ((Channel.PORTAL, Channel.COUNTER), ["Online", "At a counter"], ["terminal"]),
    ],
)
def test_it_says_how_to_pay_through_each_channel_of_the_service(draw, read, channels, shown, hidden):
    (page,) = read(draw(with_service(channels=channels), Language.EN))
    ways = page[page.index("How to pay") :]
    assert all(word in ways for word in shown)
    assert not any(word in ways for word in hidden)


def test_directional_characters_cannot_turn_an_amount_round(draw, read):
    (page,) = read(draw(with_order(reason="Taxa \u202e00,1\u202c lei")))
    assert "Taxa 00,1 lei" in page
