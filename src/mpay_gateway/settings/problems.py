"""From what cattrs raises to sentences that an operator can act on: the path in the file, what is wrong."""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator

from cattrs import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)


class BadValue(ValueError):
    """A value that cannot be used; the message is for the operator and never holds a secret."""


def describe_problems(error: BaseException, where: str) -> Iterator[str]:
    """One sentence for each thing that is wrong, as `path: what`. `where` is the path of the value itself."""
    match error:
        case ClassValidationError() | IterableValidationError():
            located, unlocated = error.group_exceptions()
            for inner, note in located:
                step = note.index if isinstance(note, IterableValidationNote) else note.name
                yield from describe_problems(inner, _join(where, step))
            for inner in unlocated:
                yield from describe_problems(inner, where)
        case ForbiddenExtraKeysError():
            known = [field.name for field in dataclasses.fields(error.cl)]
            yield from (unknown_key(_join(where, key), key, known) for key in sorted(error.extra_fields))
        case KeyError():
            yield f"{where}: required, and missing"
        case ExceptionGroup():
            for inner in error.exceptions:
                yield from describe_problems(inner, where)
        case BadValue() | ValueError():
            yield f"{where}: {error}"
        case _:
            yield f"{where}: not usable ({type(error).__name__})"


def unknown_key(where: str, key: str, known: Iterable[str]) -> str:
    """The sentence for a key that no schema has, with the nearest that one has."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    if near:
        return f"{where}: unknown key; did you mean {near[0]!r}?"
    return f"{where}: unknown key; known here: {', '.join(names) or 'none'}"


def _join(where: str, step: object) -> str:
    if isinstance(step, int):
        return f"{where}[{step}]"
    return f"{where}.{step}" if where else str(step)
