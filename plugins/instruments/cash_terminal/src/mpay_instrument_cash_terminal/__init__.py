"""Instrument of mpay-gateway for cash that a payer puts into a payment terminal."""

from mpay_instrument_cash_terminal.plugin import CashTerminal

__all__ = ["CashTerminal"]
