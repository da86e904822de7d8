"""Whether a database is only on its way up: after a power failure everything starts at once."""

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from sqlalchemy.engine import make_url

from mpay_gateway.storage.engine import CONNECT_SECONDS


def is_coming_up(url: str) -> bool:
    """Whether nobody answers at the database's address, or who answers takes no connections yet.

    Not: a server that refuses this user or database, and a file. Source: libpq, PQping.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        return False
    _, parameters = parsed.get_dialect()().create_connect_args(parsed)
    address = make_conninfo(**{"connect_timeout": CONNECT_SECONDS, **parameters})
    return PGconn.ping(address.encode()) in {Ping.REJECT, Ping.NO_RESPONSE}
