"""Books: which day of which account is read when. Each day that is read plans the day after."""

from datetime import date, datetime, time, timedelta

from mpay_gateway.api import Capability
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.schedules import next_delivery
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import task_subject
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.texts.local_days import local_day
from mpay_gateway.texts.local_format import LOCAL_ZONE

GIVE_UP_AFTER = timedelta(days=30)
"""A day whose statement was not to be had for so long is a person's affair."""
LOOK_AGAIN = tuple(timedelta(days=days) for days in (1, 3, 7))
"""After the first reading was due. Providers add to a day that they had told of already."""


def accounts_with_statements(parts: Parts) -> tuple[AccountId, ...]:
    """Retired ones too: their money may still be on its way."""
    return tuple(
        account.id
        for account in parts.registry.accounts.values()
        if Capability.STATEMENT in account.capabilities
    )


def plan_statements(parts: Parts) -> None:
    """Let today's statement of each account be read tomorrow. Each day that is read plans the day after."""
    accounts, today = accounts_with_statements(parts), local_day(parts.clock.now())

    def unplanned(work: Work) -> tuple[AccountId, ...]:
        return tuple(each for each in accounts if not work.bank_statements.is_planned(each))

    def plan(work: Work) -> None:
        for account_id in unplanned(work):
            _plan(parts, work, account_id, today)

    if parts.units.read(unplanned):
        parts.units.run("plan-statements", plan)


def plan_next(parts: Parts, work: Work, account_id: AccountId, day: date) -> None:
    """Days that were read on demand meanwhile are passed over: the daily reading must not end at them."""
    following = work.bank_statements.next_unplanned(account_id, day)
    if following is not None:
        _plan(parts, work, account_id, following)


def _plan(parts: Parts, work: Work, account_id: AccountId, day: date) -> None:
    work.tasks.tend(TaskKind.STATEMENT, task_subject(account_id, day), due_first(parts, day))


def due_first(parts: Parts, day: date) -> datetime:
    """When the statement of a day is asked for first."""
    return datetime.combine(
        day + timedelta(days=1), time(parts.settings.books.statement_hour), tzinfo=LOCAL_ZONE
    )


@guards("stated.again")
def look_again(parts: Parts, day: date) -> datetime | None:
    """The next look at a day that was read."""
    looks = (due_first(parts, day) + each for each in LOOK_AGAIN)
    return next((each for each in looks if each > parts.clock.now()), None)


@guards("stated.again")
def try_again(parts: Parts, day: date) -> datetime | None:
    """The next try of the schedule that began when the statement was due first."""
    now, at, tries = parts.clock.now(), due_first(parts, day), 0
    if now > at + GIVE_UP_AFTER:
        return None
    while at <= now:
        tries += 1
        at += next_delivery(tries)
    return at
