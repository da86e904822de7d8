"""A scripted account that gives statements: of each day what the test wrote down for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from mpay_gateway.api import AccountId, Capability
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.provider_answer import StatementLine, StatementReading
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.settings.bookkeeping import BookSettings
from tests.unit.flow.scripted import ACCOUNT, NOON, ScriptedGateway

DAY = NOON.date()


@dataclass
class Statements:
    """What is written down, by day. `problems`: what cannot be read beside it. `read_days`: that were asked for."""

    gateway: ScriptedGateway
    written: dict[date, list[StatementLine]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    read_days: list[date] = field(default_factory=list)

    def write(
        self, *lines: StatementLine, day: date = DAY, account: AccountId = ACCOUNT
    ) -> list[LineOutcome]:
        """Add lines to a day's statement and have it read. The outcomes of all lines of the account."""
        self.written.setdefault(day, []).extend(lines)
        fetch_statement(self.gateway.parts, account, day)
        return self.outcomes(account)

    def outcomes(self, account: AccountId = ACCOUNT) -> list[LineOutcome]:
        """Of all lines of the account, in the order in which they came."""
        since, until = NOON - timedelta(days=800), NOON + timedelta(days=800)
        lines = self.gateway.parts.units.read(
            lambda work: work.bank_statements.between(account, since, until)
        )
        return [each.outcome for each in sorted(lines, key=lambda each: each.id)]


def give_statements(gateway: ScriptedGateway, **account: object) -> Statements:
    """Let the gateway's account give statements. `account`: what else is different about it."""
    changes = {"capabilities": frozenset({Capability.STATEMENT})} | account
    accounts = {ACCOUNT: replace(gateway.parts.registry.accounts[ACCOUNT], **changes)}
    gateway.parts = replace(gateway.parts, registry=replace(gateway.parts.registry, accounts=accounts))
    gateway.parts.settings.books = BookSettings()
    statements = Statements(gateway)

    def read(_account_id: str, period: object, _evidence: object) -> StatementReading:
        statements.read_days.append(period.day)
        return StatementReading(tuple(statements.written.get(period.day, ())), tuple(statements.problems))

    gateway.calls.read_statement = read
    return statements


def kinds(gaps: Iterable[object]) -> list[object]:
    return [gap.kind for gap in gaps]
