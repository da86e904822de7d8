"""The kinds of deviations that the core counts by itself, and what is kept of any."""

import re
from collections.abc import Iterable

from mpay_gateway.domain.deviation import Deviation, DeviationKind
from mpay_gateway.domain.remarks import fit

MOST_AT_ONCE = 50
"""Deviations that are kept of one answer: a service that sends more has been told enough."""
CODE_LENGTH, PATH_LENGTH, EXAMPLE_LENGTH = 64, 200, 120
_LONG_NUMBER = re.compile(r"\d{7,}")
"""Personal codes, telephone numbers, accounts. A date has no more than four digits in a row."""
ANSWER_REFUSED = "answer-refused"
MORE_KINDS = "more-kinds"
CORE_KINDS = (
    DeviationKind(
        ANSWER_REFUSED,
        "An answer is a signed reply to its operation, with the contract's types.",
        "contract, sections 2 and 4",
        "The answer was not used: read it with `mpay evidence`, and correct what stands at the place that is named.",
    ),
    DeviationKind(
        MORE_KINDS,
        "One service deviates in so many ways that the further ones are only counted.",
        "contract, sections 2 to 6",
        "Mend the others first.",
    ),
)
"""Kinds that the core counts itself, whatever the connector."""


def bounded(deviations: Iterable[Deviation]) -> tuple[Deviation, ...]:
    """What is kept of an answer's deviations, whatever a hostile service sends: each once, few, short.

    Numbers as long as a personal code are left out of examples.
    """
    kept: dict[tuple[str, str], Deviation] = {}
    for each in deviations:
        code, path = fit(each.code, CODE_LENGTH), fit(each.path, PATH_LENGTH)
        if len(kept) < MOST_AT_ONCE:
            example = fit(_LONG_NUMBER.sub("(number)", each.example), EXAMPLE_LENGTH)
            kept.setdefault((code, path), Deviation(code, path, example))
    return tuple(kept.values())


def refused_answer(detail: str) -> Deviation:
    """The deviation of an answer that could not be used. `detail`: in the connector's words, its place first.

    Only the place or the code before the first colon is kept: what follows may quote the answer.
    """
    place = detail.partition(":")[0]
    is_place = re.fullmatch(r"[A-Za-z/-]+", place) is not None
    return Deviation(ANSWER_REFUSED, place if is_place else "Envelope")
