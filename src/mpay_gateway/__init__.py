"""mpay-gateway: a plugin-based gateway between payable e-Services and payment providers."""

__version__ = "0.1.0"
