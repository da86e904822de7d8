"""How to sign for this service: as the gateway does, or, where that is not understood, in the first way that is.

Else a service that knows no rsa-sha1 would fail in everything, and nobody would learn what else is wrong with it.
"""

from dataclasses import replace
from typing import Final

from mpay_gateway.conformance.caller import Caller, Way
from mpay_gateway.conformance.canonical import Algorithm
from mpay_gateway.conformance.signing import KeyInfo

_OTHER_WAYS: Final[tuple[dict[str, object], ...]] = (
    {"algorithm": Algorithm.RSA_SHA256},
    {"key_info": KeyInfo.ISSUER_SERIAL},
    {"key_info": KeyInfo.KEY_IDENTIFIER},
    {"key_info": KeyInfo.EMBEDDED},
    {"digits": 0},
    {"digits": 7},
    {"prefix_list": "soap-env wsse"},
    {"folded": True},
    {"indented": True},
)


def settle_recipe(caller: Caller) -> None:
    """See that a lookup is answered; try other ways of signing while it is not. Raises: NotRun."""
    key = caller.target.order_keys[0]
    if caller.shown(key).orders is not None:
        return
    for changes in _OTHER_WAYS:
        recipe = replace(caller.recipe, **changes)  # type: ignore[arg-type]
        if caller.look_up(key, Way("signed in another way", recipe=recipe)).orders is not None:
            caller.use(recipe)
            return
