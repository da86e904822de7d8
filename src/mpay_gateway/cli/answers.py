"""`mpay services deviations`: what each service gets wrong, how its clock goes, how fast it answers."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.printing import local, one_line, print_json, print_table
from mpay_gateway.cli.words import WORDS
from mpay_gateway.flow.answer_report import Measures, ServiceReport, report_answers


@click.command()
@click.argument("service_id", metavar="[ID]", required=False, type=WORDS)
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, metavar="DAYS",
              help="Of so many days, today among them, clock and answer times are told.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON; times are UTC, durations milliseconds.")
@click.pass_obj
def deviations(configured: Configured, service_id: str | None, *, days: int, as_json: bool) -> None:
    """What each service, or the service ID alone, sends off the contract: what, where, how often, since when.

    With its clock minus ours, and how long its answers took. With ID it also says what the contract says, and how to
    mend it.
    """
    reports = report_answers(configured.parts, service_id, days=days)
    if as_json:
        print_json(reports)
        return
    _print_deviations(reports)
    click.echo()
    _print_measures(reports, days)
    if service_id is not None:
        _explain(reports[0])


def _print_deviations(reports: tuple[ServiceReport, ...]) -> None:
    rows = [
        (each.record.service_id, each.record.to.value, each.record.code, each.record.path, str(each.record.times),
         local(each.record.first_seen_at), local(each.record.last_seen_at), each.record.example)
        for report in reports
        for each in report.deviations
    ]  # fmt: skip
    headings = ("service", "answer to", "deviation", "where", "times", "first", "last", "example")
    print_table(headings, rows, none="no deviations were seen")


def _print_measures(reports: tuple[ServiceReport, ...], days: int) -> None:
    rows = [_measured(report.service_id, each) for report in reports for each in report.measures]
    headings = (
        "service", "answer to", "answers", "median", "95 %", "slowest", "clock median", "clock worst", "clock last",
        "last answer",
    )  # fmt: skip
    print_table(headings, rows, none=f"no answers within {days} days")


def _measured(service_id: str, each: Measures) -> tuple[str, ...]:
    return (
        service_id, each.to.value, str(each.answers), _seconds(each.took_median), _seconds(each.took_p95),
        _seconds(each.took_worst), _seconds(each.skew_median, sign="+"), _seconds(each.skew_worst, sign="+"),
        _seconds(each.skew_last, sign="+"), local(each.last_at),
    )  # fmt: skip


def _seconds(milliseconds: int | None, *, sign: str = "") -> str:
    return "-" if milliseconds is None else f"{milliseconds / 1000:{sign}.3f} s"


def _explain(report: ServiceReport) -> None:
    kinds = {each.record.code: each.kind for each in report.deviations}
    for code, kind in kinds.items():
        subject = next(each.record.subject for each in report.deviations if each.record.code == code)
        click.echo(f"\n{one_line(code)}")
        if kind is not None:
            click.echo(f"  contract  {one_line(kind.sentence)} ({one_line(kind.section)})")
            click.echo(f"  to mend   {one_line(kind.mend)}")
        click.echo(f"  messages  mpay evidence list --subject {one_line(subject)}")
