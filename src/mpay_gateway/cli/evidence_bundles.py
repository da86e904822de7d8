"""`mpay evidence verify` and `mpay evidence export`: does it hold, and how somebody else can see that it does."""

import io
import zipfile
from pathlib import Path

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.printing import json_text, local, one_line, print_table
from mpay_gateway.cli.progress import shown_progress
from mpay_gateway.cli.whole_files import REPORT_FILE, write_report, write_whole_bytes
from mpay_gateway.cli.words import WORDS
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.identifiers import clean_payment_id
from mpay_gateway.flow.evidence.bundle import BundleFile, make_bundle
from mpay_gateway.flow.evidence.verification import (
    MOST,
    CheckedChain,
    EvidenceReport,
    Judged,
    verify_everything,
    verify_payment,
)

_LISTED = 20
"""So many erased bodies are named; the others are counted."""


@click.command()
@click.option("--payment", "payment_id", type=WORDS, metavar="ID", help="This payment and its look-up.")
@click.option("--all", "everything", is_flag=True, help="Everything that is kept.")
@click.option("--json", "json_file", type=REPORT_FILE, metavar="FILE",
              help="Write the report as JSON too; `-` for standard output.")  # fmt: skip
@click.pass_obj
def verify(
    configured: Configured, *, payment_id: str | None, everything: bool, json_file: Path | None
) -> None:
    """Verify messages, their chains and their signatures. The gateway may go on beside.

    Finds bytes that were changed, rows that were altered, removed or inserted, our own signatures that do not hold, and
    answers that were believed and are not signed. Seals are `mpay audit verify`'s.

    Exit status: 0 sound, 1 problems, 2 wrong usage.
    """
    if everything is bool(payment_id):
        raise click.UsageError("give either --payment or --all")
    if payment_id:
        chains, report = verify_payment(configured.parts, clean_payment_id(payment_id))
    else:
        chains = ()
        with shown_progress("messages") as progress:
            report = verify_everything(configured.parts, progress)
    if json_file is not None:
        write_report(json_file, json_text(report) + "\n")
    if json_file is None or str(json_file) != "-":
        _print_chains(chains)
        _print_report(report)
    if report.problems:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("payment_id", metavar="PAYMENT", type=WORDS)
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where the bundle goes.  [default: evidence-PAYMENT.zip]")  # fmt: skip
@click.pass_obj
def export(configured: Configured, *, payment_id: str, file: Path | None) -> None:
    """Write everything that was said about PAYMENT into a ZIP file, for somebody who believes nobody.

    It holds the messages byte for byte, the certificates, the rows of their chains, what we found when we verified
    them, and a README with the steps to do so with public tools alone.

    Exit status: 1 when the evidence does not verify; the bundle is written all the same, and says so.
    """
    payment = clean_payment_id(payment_id)
    bundle = make_bundle(configured.parts, payment)
    target = file or Path(f"evidence-{payment}.zip")
    write_whole_bytes(target, _zipped(f"evidence-{payment}", bundle.files))
    click.echo(f"{target}: {counted(len(bundle.files), 'file')}")
    for problem in bundle.problems:
        click.echo(f"PROBLEM   {one_line(problem)}")
    if bundle.problems:
        raise click.exceptions.Exit(1)


def _zipped(folder: str, files: tuple[BundleFile, ...]) -> bytes:
    """The files in a folder of a ZIP file. The same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files:
            entry = zipfile.ZipInfo(f"{folder}/{each.name}")
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, each.content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _print_chains(chains: tuple[CheckedChain, ...]) -> None:
    rows = [_row(each) for chain in chains for each in chain.messages]
    if rows:
        print_table(("number", "time", "direction", "operation", "signature"), rows, none="")
        click.echo()


def _row(each: Judged) -> tuple[str, ...]:
    row, verdict = each.row, each.verdict
    said = verdict.detail or verdict.state.value
    if verdict.signer is not None:
        also = " without added white space" if verdict.reformatted else ""
        said = f"valid{also}: {verdict.signer.subject}, {verdict.algorithm}"
    return (str(row.id), local(row.at), row.direction, row.operation, said)


def _print_report(report: EvidenceReport) -> None:
    click.echo(f"evidence  {counted(report.messages, 'message')} of {counted(report.chains, 'chain')}")
    click.echo(f"signed    {counted(report.signed, 'message')}, by signatures that hold")
    if report.erased:
        more = ", …" if len(report.erased) > _LISTED else ""
        numbers = ", ".join(map(str, report.erased[:_LISTED]))
        bodies = counted(len(report.erased), "body", "bodies")
        click.echo(f"erased    {bodies}: {numbers}{more}; the digests verify")
    for each in report.erasures:
        click.echo(
            f"          {one_line(each.by)} erased what was older than {local(each.before)}, at {local(each.at)}"
        )
    for problem in report.problems:
        click.echo(f"PROBLEM   {one_line(problem.subject)}, row {problem.row}: {one_line(problem.detail)}")
    if len(report.problems) >= MOST:
        click.echo(f"more than {MOST} problems: the look ended there")
    click.echo(
        counted(len(report.problems), "problem")
        if report.problems
        else "everything that was looked at is sound"
    )
