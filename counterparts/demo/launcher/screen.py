"""What the person at the terminal reads: with colours on a terminal, plain everywhere else."""

import json
import sys
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .place import Place
from .processes import get

_PLAIN_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Card:
    """A test card of the bank, as the bank lists it."""

    number: str
    summary: str


class Screen:
    """Writes progress, the guide and errors to standard output and error."""

    def __init__(self) -> None:
        self._out = _console(sys.stdout)
        self._err = _console(sys.stderr)

    def say(self, text: str) -> None:
        self._out.print(Text(text))

    def complain(self, text: str) -> None:
        self._err.print(Text(text, style="bold red"))

    def show_guide(self, place: Place, cards: tuple[Card, ...]) -> None:
        """Where to click, what to pay with, where the rest is."""
        self._out.print()
        self._out.print(_table(_addresses(place)))
        self._out.print()
        for number, step in enumerate(_STEPS, 1):
            self.say(f"  {number}. {step}")
        self._out.print()
        self.say("Test cards (any holder, any date to come, any three digits as CVV):")
        self._out.print(_table(tuple((card.number, card.summary) for card in cards)))
        self._out.print()
        self.say("In another terminal, for the mpay commands:")
        self._out.print(Text(f"  export MPAY_CONFIG={place.ini}", style="bold"), soft_wrap=True)
        self._out.print(Text(f"Logs: {place.folder}/*.log"), soft_wrap=True)
        self.say("Ctrl-C ends everything.")


def _console(stream: TextIO) -> Console:
    """A console that folds lines at a terminal's width, and nowhere else."""
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _PLAIN_WIDTH)


def read_cards(place: Place) -> tuple[Card, ...]:
    """The bank's test cards; none when it does not tell."""
    status, body = get(place.bank_port, "/v1/test-cards")
    if status != 200:
        return ()
    return tuple(Card(_grouped(card["number"]), card["summary"]) for card in json.loads(body)["cards"])


_STEPS = (
    "Open the demo e-Service, choose a service, order it and press the button that pays.",
    "On the gateway choose the bank card, go on to the bank, and pay with a test card.",
    "See the result, take the receipt, return to the e-Service: the order is paid.",
)


def _addresses(place: Place) -> tuple[tuple[str, str], ...]:
    return (
        ("Demo e-Service: start here", f"{place.shop_url}/"),
        ("Gateway: pay by order number", f"{place.gateway_url}/"),
        ("A kiosk: pay the order in cash", f"{place.kiosk_url}/"),
        ("Sandbox bank: books and faults", f"{place.bank_url}/console"),
    )


def _table(rows: tuple[tuple[str, str], ...]) -> Table:
    table = Table.grid(padding=(0, 2), pad_edge=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _grouped(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
