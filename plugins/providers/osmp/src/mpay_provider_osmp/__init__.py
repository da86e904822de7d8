"""Provider of mpay-gateway for networks of payment kiosks that speak the check and pay protocol."""

from mpay_provider_osmp.plugin import OsmpProvider

__all__ = ["OsmpProvider"]
