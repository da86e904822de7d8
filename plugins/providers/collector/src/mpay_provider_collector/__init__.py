"""Provider of mpay-gateway for money that others collect."""

from mpay_provider_collector.plugin import CollectorProvider

__all__ = ["CollectorProvider"]
