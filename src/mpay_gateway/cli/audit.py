"""`mpay audit`: seal the chains of audit and evidence, and verify everything that was sealed."""

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TextIO

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.instants import instant
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import json_text, local, one_line
from mpay_gateway.cli.progress import shown_progress
from mpay_gateway.cli.whole_files import REPORT_FILE, write_report
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.seals import Chain
from mpay_gateway.flow.audit.audit_verification import (
    MOST,
    SETTLEMENTS,
    Report,
    Terms,
    trusted_signatories,
    verify_audit,
)
from mpay_gateway.flow.audit.seal_signing import Signatory
from mpay_gateway.flow.audit.seal_verification import SEALS, Anchor, Problem, head_line, read_anchor
from mpay_gateway.flow.audit.sealing import Sealing, seal_now

LONGEST_ANCHOR = 4096
"""Characters of a line of anchors, far above what the longest key's signature needs."""


@click.group(cls=WholeSummaries)
def audit() -> None:
    """Seal and verify the audit and evidence chains."""


@audit.command()
@click.option("--since", type=instant, metavar="TIME",
              help="Only seals made since then, with the whole chains that they cover, and what grew since; "
                   "ISO 8601, local unless it has a zone.  [default: all]")  # fmt: skip
@click.option("--certificate", "certificates", multiple=True, type=click.File("rb"), metavar="PEM",
              help="Trust seals of this certificate; repeatable.  "
                   "[default: signing_certificate and earlier_certificates of the settings]")  # fmt: skip
@click.option("--anchors", type=click.File("r", encoding="utf-8"), metavar="FILE",
              help="Lines that `mpay audit head` printed; each of those seals must stand as it was.")  # fmt: skip
@click.option("--late", type=click.IntRange(1, 100_000), default=10, show_default=True, metavar="MINUTES",
              help="A row that waits longer for its seal is a problem.")  # fmt: skip
@click.option("--json", "json_file", type=REPORT_FILE, metavar="FILE",
              help="Write the report as JSON too; `-` for standard output.")  # fmt: skip
@click.pass_obj
def verify(
    configured: Configured, *, since: datetime | None, certificates: tuple[BinaryIO, ...],
    anchors: TextIO | None, late: int, json_file: Path | None,
) -> None:  # fmt: skip
    """Verify chains, seals, signatures. The gateway may go on beside.

    Finds rows, bodies and seals that were altered, removed or inserted, and names the payment and the row.
    Exit status: 0 sound, 1 problems, 2 wrong usage.
    """
    terms = Terms(
        now=configured.clock.now(),
        trusted=_signatories(certificates) or trusted_signatories(configured.settings),
        since=since,
        late=timedelta(minutes=late),
        anchors=_anchors(anchors),
    )
    with shown_progress("rows") as progress:
        report = verify_audit(configured.units, terms, progress)
    if json_file is not None:
        write_report(json_file, json_text(report) + "\n")
    if json_file is None or str(json_file) != "-":
        _print(report)
    if report.problems:
        raise click.exceptions.Exit(1)


@audit.command()
@click.pass_obj
def seal(configured: Configured) -> None:
    """Seal what grew, now; a worker does it once a minute."""
    sealing = Sealing.of(configured.units, configured.clock, configured.settings)
    made = seal_now(sealing, process=f"{socket.gethostname()[:40]}-{os.getpid()}")
    for signed in made:
        rows, chains = counted(signed.seal.rows, "row"), counted(signed.seal.chains, "chain")
        click.echo(f"seal {signed.seal.number}: {rows} of {chains}")
    if not made:
        click.echo("nothing to seal")


@audit.command()
@click.pass_obj
def head(configured: Configured) -> None:
    """Print number, time, root and signature of the newest seal on one line, to be kept outside.

    Exit status: 0 printed, 1 there is no seal yet.
    """
    newest = configured.units.read(lambda work: work.seals.newest())
    if newest is None:
        raise click.ClickException("there is no seal yet")
    click.echo(head_line(newest))


def _signatories(files: tuple[BinaryIO, ...]) -> tuple[Signatory, ...]:
    found = []
    for file in files:
        try:
            found.append(Signatory.load(file.read()))
        except ValueError as error:
            raise click.BadParameter(f"{file.name}: {error}", param_hint="--certificate") from error
    return tuple(found)


def _anchors(file: TextIO | None) -> tuple[Anchor, ...]:
    found, number = [], 1
    try:
        while file is not None and (line := file.readline(LONGEST_ANCHOR + 1)):
            if len(line) > LONGEST_ANCHOR:
                raise ValueError(f"longer than {LONGEST_ANCHOR} characters")
            if line.strip():
                found.append(read_anchor(line))
            number += 1
    except ValueError as error:
        raise click.BadParameter(f"line {number}: {error}", param_hint="--anchors") from error
    return tuple(found)


def _print(report: Report) -> None:
    newest = f", the newest {report.newest} of {local(report.newest_at)}" if report.newest else ""
    click.echo(f"seals     {report.seals}{newest}")
    click.echo(f"audit     {counted(report.audit_rows, 'row')} of {counted(report.audit_chains, 'chain')}")
    click.echo(
        f"evidence  {counted(report.evidence_rows, 'message')} of {counted(report.evidence_chains, 'chain')}"
    )
    if report.erased_bodies:
        click.echo(f"          {counted(report.erased_bodies, 'body', 'bodies')} erased; the digests verify")
    if report.unsealed_rows:
        click.echo(
            f"unsealed  {counted(report.unsealed_rows, 'row')} not sealed yet, since {local(report.oldest_unsealed)}"
        )
    for problem in report.problems:
        click.echo(f"PROBLEM   {_place(problem)}: {one_line(problem.detail)}")
    if len(report.problems) >= MOST:
        click.echo(f"more than {MOST} problems: the look ended there")
    broken = {each.subject for each in report.problems if each.chain not in {SEALS, SETTLEMENTS}}
    verdict = f"{counted(len(report.problems), 'problem')}, {counted(len(broken), 'chain')}"
    click.echo(verdict if report.problems else "everything that was looked at is sound")


def _place(problem: Problem) -> str:
    if problem.chain == SEALS:
        return "seals"
    if problem.chain == SETTLEMENTS:
        return f"settlement of {one_line(problem.subject)}"
    whose = "audit of payment" if problem.chain == Chain.AUDIT else "evidence of"
    return f"{whose} {one_line(problem.subject)}, row {problem.row}"
