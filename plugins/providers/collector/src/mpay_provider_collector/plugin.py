"""The provider's hook: everything else about its money is told through the port, or by the statement."""

from collections import Counter
from typing import ClassVar

from mpay_gateway.api import (
    Alphabet,
    Capability,
    Confirms,
    EvidenceSink,
    MessageMeta,
    Need,
    PluginContext,
    ProviderPlugin,
    ReferenceForm,
    RemoteUnavailable,
    StatementLine,
    StatementPeriod,
    StatementReading,
    hookimpl,
)
from mpay_provider_collector.folder import Folder, Found, read_folder
from mpay_provider_collector.settings import CollectorSettings

MOST_PROBLEMS = 20
"""So many files that are refused are named."""
_OPERATION = "statement"


class CollectorProvider(ProviderPlugin):
    """Money that somebody else collects: a partner that empties kiosks, a treasury account, an acquirer."""

    settings_type: ClassVar[type] = CollectorSettings
    gives: ClassVar[frozenset[Need]] = frozenset({Need.COLLECTION})
    confirms: ClassVar[Confirms] = Confirms.STATEMENT
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.STATEMENT})
    reference_form: ClassVar[ReferenceForm] = ReferenceForm(Alphabet.DIGITS, 15)
    session_minutes: ClassVar[int] = 7 * 24 * 60
    commands: ClassVar[str] = "mpay_provider_collector.commands:collector"

    def __init__(self, context: PluginContext, settings: CollectorSettings) -> None:  # noqa: ARG002
        self._settings = settings

    @property
    def account_confirms(self) -> Confirms:
        """As the account's settings say."""
        return Confirms(self._settings.confirms.value)

    @hookimpl
    def mpay_read_statement(self, period: StatementPeriod, evidence: EvidenceSink) -> StatementReading:
        """The lines of the day in all files that tell of it; a file that is not believed counts for nothing."""
        folder = read_folder(self._settings)
        telling = folder.of(period.day)
        if not telling and not folder.problems:
            raise _nothing_of(period, folder, str(self._settings.statements))
        for each in telling:
            kind = "text/csv" if each.name.lower().endswith(".csv") else "text/xml"
            evidence.received(each.body, MessageMeta(_OPERATION, kind, each.name))
        return StatementReading(_together(telling, period), _named(folder.problems))


def _together(telling: list[Found], period: StatementPeriod) -> tuple[StatementLine, ...]:
    """The lines of several files that overlap: what stands in both is one movement, in their order."""
    lines: dict[StatementLine, int] = {}
    for each in telling:
        count = Counter(dated.line for dated in each.file.lines if dated.day == period.day)
        for line, times in count.items():
            lines[line] = max(times, lines.get(line, 0))
    return tuple(line for line, times in lines.items() for _ in range(times))


def _named(problems: list[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    return (*problems[:MOST_PROBLEMS], *([f"refused besides: {more}"] if more > 0 else ()))


def _nothing_of(period: StatementPeriod, folder: Folder, place: str) -> RemoteUnavailable:
    others = f", neither .xml nor .csv: {folder.others}" if folder.others else ""
    return RemoteUnavailable(f"no file in {place} is about {period.day}; read: {len(folder.found)}{others}")
