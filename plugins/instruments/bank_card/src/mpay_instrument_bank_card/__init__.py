"""Instrument of mpay-gateway for bank cards that are entered on the provider's own page."""

from mpay_instrument_bank_card.plugin import BankCard

__all__ = ["BankCard"]
