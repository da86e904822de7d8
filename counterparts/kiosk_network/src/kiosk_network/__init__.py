"""A network of payment kiosks to test payment gateways against."""

__version__ = "0.1.0"
