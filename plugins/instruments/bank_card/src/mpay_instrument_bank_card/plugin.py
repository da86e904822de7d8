"""The instrument's hooks. A card is entered on the provider's page alone; the payer fills in nothing here."""

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
    WebConfigurator,
    hookimpl,
)
from mpay_instrument_bank_card import texts
from mpay_instrument_bank_card.settings import BankCardSettings

STATIC = "mpay_instrument_bank_card:static"
LOGO = "bank-card.svg"


class BankCard(InstrumentPlugin):
    """Pay by card on the page of whichever provider account the instrument is given."""

    settings_type: ClassVar[type] = BankCardSettings
    needs: ClassVar[Need] = Need.REDIRECT

    def __init__(self, context: PluginContext, settings: BankCardSettings) -> None:
        self._id = context.id
        self._settings = settings

    @hookimpl
    def mpay_includeme(self, config: WebConfigurator) -> None:
        """Serve the logo below the instance's own prefix."""
        config.add_static_view("static", STATIC)

    @hookimpl
    def mpay_offer_instruments(self, invoice: Invoice, language: Language) -> InstrumentOffer | None:
        """Offer the card for orders in a configured currency; say so when the amount is out of its limits."""
        if invoice.order.currency not in self._settings.currencies:
            return None
        own = self._settings
        return InstrumentOffer(
            label=_own_or(own.label, texts.LABEL).in_language(language),
            what_happens_next=_own_or(own.what_happens_next, texts.WHAT_HAPPENS_NEXT).in_language(language),
            duration=_own_or(own.duration, texts.DURATION).in_language(language),
            logo=f"/x/{self._id}/static/{LOGO}",
            unavailable=self._why_unavailable(invoice, language),
        )

    @hookimpl
    def mpay_select_instrument(self, invoice: Invoice, choice: InstrumentChoice) -> InstrumentPlan:
        """Accept the choice as it is: the card itself is the bank's affair."""
        for name, _ in choice.fields:
            raise InvalidChoice(name, "choice.unknown_field")
        offer = self.mpay_offer_instruments(invoice, Language.RO)
        if offer is None or offer.unavailable:
            raise InvalidChoice("instrument", "choice.unavailable")
        return InstrumentPlan(Need.REDIRECT)

    def _why_unavailable(self, invoice: Invoice, language: Language) -> str:
        """Why what the payer agreed to pay cannot be paid by card; empty when it can."""
        amount = invoice.payable
        if amount is None:
            return ""
        smallest = self._settings.smallest(amount.currency)
        largest = self._settings.largest(amount.currency)
        if amount < smallest:
            return texts.with_amount(texts.BELOW_MINIMUM, smallest, language)
        if largest and largest < amount:
            return texts.with_amount(texts.ABOVE_MAXIMUM, largest, language)
        return ""


def _own_or(own: LocalText, other: LocalText) -> LocalText:
    return own if own != LocalText("") else other
