"""`mpay init-db` dies: the database is as it was, or at the newest revision, and the next run makes it so."""

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.revision import current_revision, newest_revision
from tests.proofs.dying import Command
from tests.proofs.stage import Stage, scenario
from tests.scene.processes import named


@scenario(points=("migrate:step", "migrate:before-commit", "migrate:after-commit"))
def a_database_is_brought_to_the_newest_shape(stage: Stage) -> None:
    """A16: all of it is one transaction, on both databases."""
    empty = stage.empty_database()
    written = stage.gateway.ini.with_suffix(".toml")
    written.write_text(written.read_text("utf-8").replace(stage.gateway.plan.database, empty), "utf-8")
    stage.dies(Command(("init-db",)))
    done = named(stage.point) == "migrate:after-commit"
    assert _revision(empty) == (newest_revision() if done else None)
    stage.mpay("init-db")
    assert _revision(empty) == newest_revision()


def _revision(database: str) -> str | None:
    engine = create_engine(database)
    try:
        return current_revision(engine)
    finally:
        engine.dispose()
