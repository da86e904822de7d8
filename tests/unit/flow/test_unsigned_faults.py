"""What an unsigned fault of a look-up may lead to: anybody on the way can have written it."""

import pytest

from mpay_gateway.domain.errors import RemoteRefused, UnknownOrder
from mpay_gateway.domain.language import Language
from mpay_gateway.flow.invoicing import show_invoice
from mpay_gateway.flow.visiting import Arrival, open_visit
from tests.unit.flow.scripted import SERVICE


@pytest.fixture
def look(gateway, monkeypatch):
    """A function that shows an order of a service which answers with an unsigned fault of a code."""

    def show(code: str) -> object:
        def refuse(*_: object) -> None:
            raise RemoteRefused(code, "as the service says", permanent=False)

        monkeypatch.setattr(gateway.calls, "lookup_orders", refuse)
        visit = open_visit(gateway.parts, Arrival(SERVICE, "KEY", "127.0.0.1"))
        return show_invoice(gateway.parts, visit.token, Language.RO, client="127.0.0.1")

    return show


@pytest.mark.parametrize("code", ["UnknownOrder", "InvalidParameter"])
def test_not_found_may_be_said_without_a_signature(look, code):
    """It shows nothing and charges nothing."""
    with pytest.raises(UnknownOrder):
        look(code)


@pytest.mark.parametrize("code", ["InternalError", "AuthenticationFailed", "Server", ""])
def test_an_unsigned_internal_error_is_a_service_that_does_not_answer(look, code):
    """Not "not found": the payer is told to come back."""
    with pytest.raises(RemoteRefused):
        look(code)
