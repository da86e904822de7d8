"""`make bench-books`: how long `mpay check-books` takes over a ledger of a million rows.

One payment of nine lines is made, with everything real, and copied until the ledger has so many rows.
"""

import argparse
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import structlog
from browser import Browser, HttpSite
from copies import Copies
from load import machine_load
from payer import Payer
from sqlalchemy import func, select
from stack import CHECKOUT, DemoError, Stack

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.tables import audit, evidence, ledger_entries, payments

LINES = 9
"""Of the order, so that its capture is ten rows of the ledger."""
TARGET_SECONDS = 60.0


def main() -> int:
    """Copy, check, and print; 1 when the books are not sound."""
    options = _parser().parse_args()
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parent = CHECKOUT / "var"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="books-", dir=parent))
    try:
        with Stack(options.database, folder) as stack:
            _fill(stack, options.rows)
            return _check(stack)
    except DemoError as error:
        print(f"bench-books: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(stack: Stack, rows: int) -> None:
    payer = Payer(Browser(HttpSite(stack.place.gateway_url)), stack.instant.site)
    paid = payer.pay(stack.instant.purchase(lines=LINES))
    engine = create_engine(stack.database_url)
    began = time.monotonic()
    Copies.of(engine, paid.payment_id).store(engine, rows // (LINES + 1) - 1)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (ledger_entries, payments, audit, evidence)
        }
    engine.dispose()
    what = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"{stack.database}: {what}; filled in {time.monotonic() - began:.0f} s", flush=True)


def _check(stack: Stack) -> int:
    command = (
        stack.place.command("mpay"),
        "--config",
        str(stack.place.ini),
        "check-books",
        "--processes",
        "2",
    )
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(done.stdout.strip().splitlines()[-1] if done.stdout else done.stderr.strip())
    print(
        f"check-books took {took:.1f} s (target {TARGET_SECONDS:.0f} s), {cpu:.1f} s of CPU in its own processes, "
        f"{after.ru_maxrss / 1024:.0f} MB at most; {machine_load()}"
    )
    return done.returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-books", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=int(os.environ.get("ROWS") or 1_000_000),
        help="of the ledger (default: ROWS, else 1,000,000)",
    )  # fmt: skip
    parser.add_argument(
        "--database", choices=("SQLite", "PostgreSQL"), default=os.environ.get("DATABASE") or "PostgreSQL",
        help="default: DATABASE, else %(default)s",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
