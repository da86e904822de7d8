"""Provider of mpay-gateway that takes card payments at the sandbox bank."""

from mpay_provider_sandbox.plugin import SandboxProvider

__all__ = ["SandboxProvider"]
