"""Patterns of order keys: operators' own, and yet unable to keep the gateway busy with one key."""

import re
from re import _parser  # type: ignore[attr-defined]

from mpay_gateway.settings.problems import BadValue

_VARIABLE = {"MAX_REPEAT", "MIN_REPEAT"}


def check_order_key_pattern(pattern: str) -> None:
    """Check that the pattern compiles and cannot take exponential time.

    Keys have 36 characters at most, so a flat pattern is quick whatever it says; a repetition or a choice
    inside a repetition is not (`(a+)+` needs 2^36 steps). Raises: BadValue.
    """
    try:
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadValue(f"order_key_pattern: {error}") from None
    if _nests(parsed, inside=False):
        raise BadValue(
            "order_key_pattern: a repetition or choice inside a repetition; write it without the outer one"
        )


def _nests(parsed: object, *, inside: bool) -> bool:
    """Whether a part of variable length, or a choice, stands in a repetition."""
    if isinstance(parsed, _parser.SubPattern):
        return any(_part_nests(str(name), argument, inside=inside) for name, argument in parsed.data)
    if isinstance(parsed, list | tuple):
        return any(_nests(each, inside=inside) for each in parsed)
    return False


def _part_nests(name: str, argument: object, *, inside: bool) -> bool:
    if name == "BRANCH" and inside:
        return True
    if name in _VARIABLE:
        assert isinstance(argument, tuple)
        least, most, body = argument
        if inside and least != most:
            return True
        return _nests(body, inside=inside or most > 1)
    return _nests(argument, inside=inside)
