"""LOK-15 onwards: a key is compared as a whole, and never understood."""

from collections.abc import Iterator
from typing import Final

from mpay_gateway.conformance.answer import text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.checks.judging import answered, is_orderly
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("lookup")
_LONG: Final = 300


@CHECKS.add(
    "LOK-15", "An empty key finds nothing", Severity.SECURITY,
    contract="OrderKey is required (section 2): no key is no order.",
    mend="Answer InvalidParameter or an empty array.",
)  # fmt: skip
def empty_key(bench: Bench) -> Iterator[str]:
    yield from _finds_nothing(bench, "")


@CHECKS.add(
    "LOK-16", "A key is no pattern", Severity.SECURITY,
    contract="Keys are opaque (section 6): %, _ and * are letters like others.",
    mend="Compare with =, never with LIKE or a search engine's query language.",
)  # fmt: skip
def pattern_key(bench: Bench) -> Iterator[str]:
    key = bench.target.order_keys[0]
    for pattern in ("%", "*", f"{key[:-1]}%", f"{key[:-1]}_"):
        yield from _finds_nothing(bench, pattern)


@CHECKS.add(
    "LOK-17", "A key is no piece of SQL", Severity.SECURITY,
    contract="Keys are opaque (section 6), and come from anybody who opens the pay page.",
    mend="Pass the key to the database as a parameter.",
)  # fmt: skip
def sql_key(bench: Bench) -> Iterator[str]:
    for key in ("' OR '1'='1", f"{bench.target.order_keys[0]}' OR 'a'='b"):
        yield from _finds_nothing(bench, key)


@CHECKS.add(
    "LOK-18", "A part of a key finds nothing", Severity.SECURITY,
    contract="Keys are opaque and compared as a whole (section 6).",
    mend="Compare the whole key; do not search for what begins with it.",
)  # fmt: skip
def partial_key(bench: Bench) -> Iterator[str]:
    """Another order may have the part as its own key: only the whole key's order shows that a part was enough."""
    key = bench.target.order_keys[0]
    known = {text(order, "OrderKey") for order in bench.found().orders or ()}
    for part in filter(None, (key[:-1], f"{key}0")):
        answer = answered(bench.look_up(part))
        bench.need_life(answer)
        found = {text(order, "OrderKey") for order in answer.orders or ()}
        if part not in known and found & known:
            yield f"{part!r} finds {', '.join(map(str, found & known))}"


@CHECKS.add(
    "LOK-19", "A key that is too long is answered in order", Severity.ADVICE,
    contract="OrderKey has 36 characters at most (section 3): a longer one, which the gateway does not send, is unknown or InvalidParameter.",
    mend="Check the length first; let no database error become InternalError.",
)  # fmt: skip
def long_key(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up("L" * _LONG)
    if not is_orderly(answer):
        yield f"a key of {_LONG} characters: {answer.summary}"


def _finds_nothing(bench: Bench, key: str) -> Iterator[str]:
    bench.found_accepts()
    answer = answered(bench.look_up(key))
    bench.need_life(answer)
    keys = [text(order, "OrderKey") for order in answer.orders or ()]
    if [each for each in keys if each != key]:
        yield f"{key!r} finds {', '.join(map(str, keys))}"
