"""POS terminals: who registers one lets himself call from its address; operators disable it.

Each change leaves a note in a chain of the terminal's own, which is sealed and never erased.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.callers import plain_address, within
from mpay_gateway.domain.errors import InvalidForm
from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.domain.identifiers import ReferenceForm, new_reference
from mpay_gateway.domain.pos_terminal import PosTerminal, TerminalData
from mpay_gateway.domain.remarks import clean_reason
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.evidence import POS_TERMINAL, Message

_ID = ReferenceForm(length=8)


def register_terminal(parts: Parts, caller: str, data: TerminalData) -> PosTerminal:
    """Register a terminal of this caller's, or what changed of it. The same again changes nothing.

    Raises: InvalidForm for one that operators have disabled, and for the address of a proxy of ours, from which
    everybody would call.
    """
    if within(data.intended_ip, parts.settings.gateway.proxy_networks):
        raise InvalidForm((("IntendedIp", "pos.proxy"),))
    now = parts.clock.now()
    drawn = PosTerminal(new_reference(_ID, parts.ids.below), caller, data, now, now)

    def register(work: Work) -> PosTerminal:
        known = work.pos_terminals.add_or_lock(drawn)
        if known.disabled_at is not None or (known.id != drawn.id and known.data == data):
            return known
        registered = replace(known, data=data, changed_at=now)
        work.pos_terminals.save(registered)
        _note(
            work,
            registered,
            "registered" if known.id == drawn.id else "changed",
            by=f"caller:{caller}",
            at=now,
        )
        return registered

    registered = parts.units.run("register-terminal", register)
    if registered.disabled_at is not None:
        raise InvalidForm((("TerminalId", "pos.disabled"),))
    return registered


def terminals_at(parts: Parts, caller: str, address: str) -> tuple[PosTerminal, ...]:
    """The terminals that the caller may be using who calls from this address; none for what is no address."""
    try:
        plain = plain_address(address)
    except ValueError:
        return ()
    return parts.units.read(lambda work: work.pos_terminals.at(plain, caller))


@dataclass(frozen=True, slots=True)
class TerminalBook:
    """What operators do with registered terminals. `actor`: as it is written down."""

    units: UnitOfWork
    clock: Clock
    actor: str

    def disable(self, terminal_id: str, reason: str) -> PosTerminal:
        """Let nobody use it any more, nor register it again. Raises: NotFound; InvalidInput for the reason."""
        why, now = clean_reason(reason), self.clock.now()

        def disable(work: Work) -> PosTerminal:
            known = work.pos_terminals.lock(terminal_id)
            if known.disabled_at is not None:
                return known
            disabled = replace(known, disabled_at=now, disabled_why=why, changed_at=now)
            return _changed(work, disabled, "disabled", by=self.actor, at=now)

        return self.units.run("disable-terminal", disable)

    def enable(self, terminal_id: str) -> PosTerminal:
        """Let it be used again. Raises: NotFound."""
        now = self.clock.now()

        def enable(work: Work) -> PosTerminal:
            known = work.pos_terminals.lock(terminal_id)
            if known.disabled_at is None:
                return known
            enabled = replace(known, disabled_at=None, disabled_why="", changed_at=now)
            return _changed(work, enabled, "enabled", by=self.actor, at=now)

        return self.units.run("enable-terminal", enable)


def _changed(work: Work, terminal: PosTerminal, what: str, *, by: str, at: datetime) -> PosTerminal:
    work.pos_terminals.save(terminal)
    _note(work, terminal, what, by=by, at=at)
    return terminal


def _note(work: Work, terminal: PosTerminal, what: str, *, by: str, at: datetime) -> None:
    told = {
        "terminal": terminal.id,
        "change": what,
        "by": by,
        "why": terminal.disabled_why,
        **asdict(terminal.data),
    }
    meta = MessageMeta("change-pos-terminal", notes=(("by", by), ("change", what)))
    body = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
    work.evidence.keep(f"{POS_TERMINAL}{terminal.id}", [Message(Direction.SENT, body, meta, at)])
