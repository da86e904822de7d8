"""The instrument names itself in three languages and asks for nothing."""

import pytest

from mpay_gateway.api import (
    InstrumentChoice,
    InstrumentPlan,
    InvalidChoice,
    Language,
    LocalText,
    Need,
    PluginContext,
)
from mpay_instrument_cash_terminal import CashTerminal
from mpay_instrument_cash_terminal.plugin import CashTerminalSettings


def cash(**settings: object) -> CashTerminal:
    return CashTerminal(PluginContext("cash", None, None), CashTerminalSettings(**settings))


@pytest.mark.parametrize("language", list(Language))
def test_it_names_itself_in_every_language(language: Language) -> None:
    offers = {each: cash().mpay_offer_instruments(each) for each in Language}
    mine = offers[language]
    assert all((mine.label, mine.what_happens_next, mine.duration))
    assert not mine.unavailable
    assert [each.label for each in offers.values()].count(mine.label) == 1


def test_a_network_may_give_it_its_own_name() -> None:
    named = cash(label=LocalText(ro="Terminalele Codru"))
    assert named.mpay_offer_instruments(Language.RO).label == "Terminalele Codru"


def test_an_operator_may_say_where_the_money_is_paid_and_how_soon_it_is_heard_of() -> None:
    told = cash(
        what_happens_next=LocalText(ro="Transferați pe contul nostru."), duration=LocalText(ro="Mâine")
    )
    offer = told.mpay_offer_instruments(Language.RU)
    assert (offer.what_happens_next, offer.duration) == ("Transferați pe contul nostru.", "Mâine")


def test_it_needs_collection_and_no_fields() -> None:
    assert CashTerminal.needs is Need.COLLECTION
    assert cash().mpay_select_instrument(object(), InstrumentChoice("cash")) == InstrumentPlan(
        Need.COLLECTION
    )
    with pytest.raises(InvalidChoice):
        cash().mpay_select_instrument(object(), InstrumentChoice("cash", (("note", "100"),)))
