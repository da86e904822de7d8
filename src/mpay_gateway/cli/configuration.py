"""`mpay check-config`: everything that a gateway needs, checked before it takes money."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.printing import one_line
from mpay_gateway.domain.counted import counted


@click.command("check-config")
@click.pass_obj
def check_config(configured: Configured) -> None:
    """Check keys, certificates, fonts, plugins, database, accounts and services, all at once.

    Certificates are told of 60, 30 and 7 days before they end. Exit status: 0 fit to run, 1 problems, 2 the
    configuration cannot be read at all.
    """
    from mpay_gateway.flow.findings import Level
    from mpay_gateway.flow.operating.configuration_check import check_configuration

    findings = check_configuration(configured.settings, configured.clock)
    for finding in findings:
        click.echo(f"{finding.level.value:<8} {finding.subject}: {one_line(finding.detail)}")
    problems = sum(finding.level is Level.PROBLEM for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    numbers = (counted(problems, "problem"), counted(warnings, "warning"), counted(len(findings), "finding"))
    click.echo(", ".join(numbers))
    if problems:
        raise click.exceptions.Exit(1)
