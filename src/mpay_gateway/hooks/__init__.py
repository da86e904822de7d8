"""The contract between the core and its plugins."""

import pluggy

from mpay_gateway.hooks.specs import HookSpecs, hookspec

API_VERSION = (1, 0)
"""Version of the hook contract (semver: an added argument or hook is a minor version)."""

hookimpl = pluggy.HookimplMarker("mpay_gateway")
"""Marks a method of a plugin as the implementation of a hook."""

__all__ = ["API_VERSION", "HookSpecs", "hookimpl", "hookspec"]
