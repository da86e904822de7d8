"""A database that went back in time: a backup was restored, and what was committed after it is gone."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Restoration:
    """One going back. `epoch`: 1 for the first; what is issued under it differs from what was issued before.

    `since`: the last moment that the database remembers (UTC); what happened after it the counterparts alone know.
    `reconciled_at`: when every provider had last been asked about everything. `finished_at`: when an operator let
    new payments begin again; None while they may not.
    """

    epoch: int
    since: datetime
    noticed_at: datetime
    noticed_by: str
    reason: str
    reconciled_at: datetime | None = None
    finished_at: datetime | None = None
    finished_by: str = ""
