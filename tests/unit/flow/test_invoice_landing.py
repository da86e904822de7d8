"""Which service a printed invoice's number leads to."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import UnknownInvoice
from mpay_gateway.domain.identifiers import luhn_digit
from mpay_gateway.flow.invoice_landing import service_of_invoice
from tests.unit.flow.scripted import SERVICE


class NobodyAsks:
    """Stands where the database is."""

    def read(self, look: object) -> object:
        raise AssertionError("the database was asked")


@pytest.fixture
def invoice_id(gateway):
    """The number of an invoice that the gateway has issued."""
    return gateway.start("KEY").invoice_id


def test_a_number_that_was_issued_leads_to_its_service(gateway, invoice_id):
    assert service_of_invoice(gateway.parts, invoice_id).id == SERVICE


def test_a_number_that_was_never_issued_is_unknown(gateway, invoice_id):
    body = f"{(int(invoice_id[:-1]) + 1) % 10**13:013d}"
    with pytest.raises(UnknownInvoice):
        service_of_invoice(gateway.parts, body + luhn_digit(body))


def test_a_mistyped_number_is_unknown_before_the_database_is_asked(gateway, invoice_id):
    parts = replace(gateway.parts, units=NobodyAsks())
    with pytest.raises(AssertionError, match="the database was asked"):
        service_of_invoice(parts, invoice_id)
    for digit in set("0123456789") - {invoice_id[-1]}:
        with pytest.raises(UnknownInvoice):
            service_of_invoice(parts, invoice_id[:-1] + digit)
