"""The instrument's hooks. It names itself; the money is told by the account that collects it."""

from dataclasses import dataclass
from typing import ClassVar

from mpay_gateway.api import (
    InstrumentChoice,
    InstrumentOffer,
    InstrumentPlan,
    InstrumentPlugin,
    InvalidChoice,
    Invoice,
    Language,
    LocalText,
    Need,
    PluginContext,
    hookimpl,
)

LABEL = LocalText(ro="Numerar la terminal", ru="Наличные в терминале", en="Cash at a terminal")
WHAT_HAPPENS_NEXT = LocalText(
    ro="Introduceți bancnotele în terminal și păstrați bonul.",
    ru="Внесите купюры в терминал и сохраните чек.",
    en="Put the notes into the terminal and keep the slip.",
)
DURATION = LocalText(
    ro="Imediat, de obicei în mai puțin de un minut",
    ru="Сразу, обычно меньше чем за минуту",
    en="At once, usually in less than a minute",
)


@dataclass(frozen=True, slots=True)
class CashTerminalSettings:
    """The section `[instrument.<id>]` of an instrument with `plugin = "cash_terminal"`.

    Each instead of the instrument's own text. `label`: e.g. to name a network. `what_happens_next`: where the money is
    paid, e.g. the account of a transfer; the payer reads it beside his number, too. `duration`: how soon it is known.
    """

    label: LocalText = LABEL
    what_happens_next: LocalText = WHAT_HAPPENS_NEXT
    duration: LocalText = DURATION


class CashTerminal(InstrumentPlugin):
    """Pay with notes at a terminal or a kiosk."""

    settings_type: ClassVar[type] = CashTerminalSettings
    needs: ClassVar[Need] = Need.COLLECTION

    def __init__(self, context: PluginContext, settings: CashTerminalSettings) -> None:  # noqa: ARG002
        self._settings = settings

    @hookimpl
    def mpay_offer_instruments(self, language: Language) -> InstrumentOffer:
        """Offered wherever configuration lets it be: whether an order can be paid, the port decides."""
        return InstrumentOffer(
            label=self._settings.label.in_language(language),
            what_happens_next=self._settings.what_happens_next.in_language(language),
            duration=self._settings.duration.in_language(language),
        )

    @hookimpl
    def mpay_select_instrument(self, invoice: Invoice, choice: InstrumentChoice) -> InstrumentPlan:  # noqa: ARG002
        """There is nothing to fill in. Raises: InvalidChoice."""
        for name, _ in choice.fields:
            raise InvalidChoice(name, "choice.unknown_field")
        return InstrumentPlan(Need.COLLECTION)
