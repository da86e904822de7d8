"""People who may act on money: each has a name, and a token of which only a hash (Argon2id) is kept."""

import re

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mpay_gateway.boundary import Clock, IdSource
from mpay_gateway.domain.errors import InvalidInput, NotAuthorised
from mpay_gateway.storage import UnitOfWork
from mpay_gateway.storage.operators import Operator

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}\Z")
_HASHER = PasswordHasher()
# Verified for names that nobody has, so that a wrong name takes as long as a wrong token.
_NOBODY = _HASHER.hash("nobody")


def add_operator(units: UnitOfWork, name: str, *, clock: Clock, ids: IdSource) -> str:
    """Add the operator, or give him a new token and enable him again. Returns the token, which is kept nowhere.

    Raises: InvalidInput for a name that is not 2 to 40 small letters, digits, points, hyphens, underscores.
    """
    if not _NAME.match(name):
        raise InvalidInput(
            f"{name!r}: a name has 2 to 40 small letters, digits, points, hyphens, underscores"
        )
    token, now = ids.token(), clock.now()
    kept = _HASHER.hash(token)
    units.run("add-operator", lambda work: work.operators.save(name, kept, at=now))
    return token


def disable_operator(units: UnitOfWork, name: str, *, clock: Clock) -> None:
    """The operator may do nothing any more. Raises: NotFound."""
    now = clock.now()
    units.run("disable-operator", lambda work: work.operators.disable(name, at=now))


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
