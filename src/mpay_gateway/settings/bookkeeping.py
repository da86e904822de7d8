"""`[books]`: our own side of the books that providers' statements are compared with."""

import re
from dataclasses import dataclass

from mpay_gateway.settings.problems import BadValue

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}\Z")


@dataclass(frozen=True, slots=True)
class BookSettings:
    """`[books]`. `own_account`: names the account at our bank that providers pay into and services are paid from.

    `statement_hour`: the local hour at which a provider's statement of the day before is asked for first.
    """

    own_account: str = "main"
    statement_hour: int = 6

    def __post_init__(self) -> None:
        if not _NAME.match(self.own_account):
            raise BadValue("own_account: letters, digits, hyphens, 41 at most (an IBAN without spaces)")
        if not 0 <= self.statement_hour <= 23:
            raise BadValue("statement_hour: 0 to 23")
