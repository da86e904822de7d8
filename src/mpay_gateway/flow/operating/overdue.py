"""Confirmations that wait too long: counted for the metrics, and cried out after an hour, a day, a week."""

import structlog

from mpay_gateway.domain.lateness import Lateness, lateness
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage.waiting import Waiting, waiting_by_service

_log = structlog.get_logger("overdue")


def waiting_confirmations(parts: Parts) -> tuple[Waiting, ...]:
    """What services have not got yet, by service."""
    return parts.units.read(lambda work: waiting_by_service(work.connection))


class Overdue:
    """What one process has said of services that are not told. It repeats itself only when it gets worse."""

    def __init__(self) -> None:
        self._said: dict[str, Lateness] = {}

    def look(self, parts: Parts) -> None:
        """Log each service whose oldest confirmation has come to a further step, and each that has caught up."""
        now, late = parts.clock.now(), {}
        for each in waiting_confirmations(parts):
            step = lateness(now - each.oldest)
            if step is None:
                continue
            late[each.service_id] = step
            if step.worse_than(self._said.get(each.service_id)):
                _log.error("confirmations_overdue", service=each.service_id, waiting=each.count, over=step.value,
                           oldest=each.oldest.isoformat())  # fmt: skip
        for service_id in self._said.keys() - late.keys():
            _log.warning("confirmations_caught_up", service=service_id)
        self._said = late
