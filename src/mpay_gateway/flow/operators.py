"""People who may act on money: each has a name, and a token of which only a hash (Argon2id) is kept."""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mpay_gateway.boundary import Clock, IdSource
from mpay_gateway.domain.errors import Conflict, InvalidInput, NotAuthorised, NotFound
from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.evidence import OPERATOR, Message
from mpay_gateway.storage.operators import Operator

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}\Z")
_HASHER = PasswordHasher()
# Verified for names that nobody has, so that a wrong name takes as long as a wrong token.
_NOBODY = _HASHER.hash("nobody")


@dataclass(frozen=True, slots=True)
class OperatorBook:
    """Who may act, as `actor` writes it down. Each change leaves a note in a chain that is sealed and never erased."""

    units: UnitOfWork
    clock: Clock
    actor: str

    def add(self, name: str, ids: IdSource) -> str:
        """Let somebody new act. Returns the token, which is kept nowhere.

        Raises: InvalidInput for a name that is not 2 to 40 small letters, digits, points, hyphens, underscores;
        Conflict for one that is known.
        """
        if not _NAME.match(name):
            raise InvalidInput(
                f"{name!r}: a name has 2 to 40 small letters, digits, points, hyphens, underscores"
            )
        return self._give_token(name, ids, known=False)

    def renew(self, name: str, ids: IdSource) -> str:
        """Give an operator a new token in place of the old one, and enable him again. Raises: NotFound."""
        return self._give_token(name, ids, known=True)

    def disable(self, name: str) -> None:
        """The operator may do nothing any more. Raises: NotFound."""
        now = self.clock.now()

        def disable(work: Work) -> None:
            work.operators.disable(name, at=now)
            self._note(work, name, "disabled", now)

        self.units.run("disable-operator", disable)

    def _give_token(self, name: str, ids: IdSource, *, known: bool) -> str:
        token, now = ids.token(), self.clock.now()
        kept = _HASHER.hash(token)

        def save(work: Work) -> None:
            found = work.operators.find(name)
            if found is not None and not known:
                raise Conflict(f"operator {name} is known already; --new-token voids the token that he has")
            if found is None and known:
                raise NotFound(f"operator {name}")
            work.operators.save(name, kept, at=now)
            again = "new token, enabled again" if found and found.disabled_at else "new token"
            self._note(work, name, again if found else "added", now)

        self.units.run("add-operator", save)
        return token

    def _note(self, work: Work, name: str, what: str, at: datetime) -> None:
        body = json.dumps({"operator": name, "change": what, "by": self.actor}, sort_keys=True).encode()
        meta = MessageMeta("change-operator", notes=(("by", self.actor), ("change", what)))
        work.evidence.keep(f"{OPERATOR}{name}", [Message(Direction.SENT, body, meta, at)])


def changed_at(work: Work, operator: Operator) -> datetime:
    """When it was last written down what he may do."""
    noted = [each.at for each in work.evidence.of_subject(f"{OPERATOR}{operator.name}")]
    return max((*noted, operator.disabled_at or operator.created_at))


def actor_of(units: UnitOfWork, name: str, token: str) -> str:
    """Who acts, as the audit names him (`operator:<name>`). Raises: NotAuthorised."""
    operator = units.read(lambda work: work.operators.find(name))
    if not _holds(operator, token):
        raise NotAuthorised("no such operator, or another token")
    return f"operator:{name}"


def _holds(operator: Operator | None, token: str) -> bool:
    kept = operator.token_hash if operator else _NOBODY
    try:
        _HASHER.verify(kept, token)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return operator is not None and operator.disabled_at is None
