"""The worker: does what is due, from the one task table."""

from mpay_gateway.worker.loop import Worker

__all__ = ["Worker"]
