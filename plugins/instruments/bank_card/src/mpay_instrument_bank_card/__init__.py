"""Instrument of mpay-gateway for bank cards that are entered on the provider's own page."""
