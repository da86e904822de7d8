"""B32: the gateway that is served keeps connections for callbacks alone: a used-up pool keeps no bank waiting."""

from contextlib import ExitStack, closing
from dataclasses import replace

from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.settings import read_settings
from mpay_gateway.storage.inbox import InboxState
from tests.unit.databases import make_tables


def test_on_postgresql_callbacks_are_kept_while_every_other_connection_is_taken(folder, postgres_url):
    settings = read_settings(folder / "gateway.toml")
    gateway = replace(settings.gateway, database=postgres_url(prepare=make_tables))
    with closing(build_parts(replace(settings, gateway=gateway))) as parts, ExitStack() as held:
        for _ in range(32):
            held.enter_context(parts.units.engine.connect())
        own = parts.callback_units
        assert own is not None
        assert own.run("keep-callback", lambda work: work.inbox.count(InboxState.NEW)) == 0
        assert parts.units.engine.pool.checkedout() == 32


def test_on_sqlite_there_is_one_pool_since_writers_wait_for_each_other_anyway(parts):
    assert parts.callback_units is None
