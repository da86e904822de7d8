"""Who does not answer, in the words of `mpay services list` and `mpay instruments list`."""

from mpay_gateway.cli.printing import local
from mpay_gateway.storage import UnitOfWork


def silences(units: UnitOfWork) -> dict[str, str]:
    """By service or provider account, those whose breakers are open: to which calls, and since when."""
    said: dict[str, list[str]] = {}
    for each in units.read(lambda work: work.breakers.troubled()):
        if each.is_open:
            since = f"{each.calls.kind} unanswered since {local(each.opened_at)} ({each.last_error[:80]})"
            said.setdefault(each.calls.subject, []).append(since)
    return {subject: "; ".join(parts) for subject, parts in said.items()}
