"""People who may act on money, each with a token that is stored hashed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import NotFound
from mpay_gateway.storage.tables import operators


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    token_hash: str
    created_at: datetime
    disabled_at: datetime | None


class Operators:
    """The stored operators."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, name: str) -> Operator | None:
        row = self._connection.execute(select(operators).where(operators.c.name == name)).first()
        return Operator(*row) if row else None

    def save(self, name: str, token_hash: str, *, at: datetime) -> None:
        """Add the operator, or give him a new token and enable him again."""
        if self.find(name) is None:
            self._connection.execute(
                insert(operators), {"name": name, "token_hash": token_hash, "created_at": at}
            )
        else:
            self._connection.execute(
                update(operators)
                .where(operators.c.name == name)
                .values(token_hash=token_hash, disabled_at=None)
            )

    def disable(self, name: str, *, at: datetime) -> None:
        """Raises: NotFound."""
        if self.find(name) is None:
            raise NotFound(f"operator {name}")
        self._connection.execute(update(operators).where(operators.c.name == name).values(disabled_at=at))

    def all(self) -> tuple[Operator, ...]:
        """Every operator, by name."""
        return tuple(
            Operator(*row) for row in self._connection.execute(select(operators).order_by(operators.c.name))
        )
