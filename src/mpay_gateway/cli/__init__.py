"""`mpay`: the gateway's command line."""

from mpay_gateway.cli.main import main

__all__ = ["main"]
