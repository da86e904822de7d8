"""`mpay conformance`: play the gateway against somebody's IServiceProvider and say what it gets wrong.

It needs no gateway and no configuration: a service's developers run it from their own build.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from cryptography import x509

from mpay_gateway.boundary import SystemClock
from mpay_gateway.cli.printing import one_line
from mpay_gateway.cli.whole_files import REPORT_FILE, write_report
from mpay_gateway.cli.words import WORDS
from mpay_gateway.conformance import (
    CATALOGUE,
    Check,
    Contract,
    Identity,
    Limits,
    MessageFolder,
    Report,
    Target,
    Timeouts,
    UnusableIdentity,
    make_identity,
    read_certificates,
    read_identity,
    run_checks,
)
from mpay_gateway.conformance.reports import html_report, json_report, junit_report, text_report

FAILED = 1
UNREACHED = 3
UNFINISHED = 4
INTERRUPTED = 130
_LONGEST_LINE = 2000
_PEM = click.Path(path_type=Path, exists=True, dir_okay=False)
_WRITERS: tuple[Callable[[Report], str], ...] = (html_report, json_report, junit_report)


class _Address(click.ParamType[str]):
    """The address of an endpoint."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(WORDS.convert(value, param, ctx))
        if not _is_address(text):
            self.fail(f"{text!r} is no http or https address without a query", param, ctx)
        return text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an address in them, a port out of range
        return False
    whole = named and parts.path.isascii() and not (parts.query or parts.fragment)
    return whole and parts.scheme in ("http", "https")


def _list_checks(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the checks and end, whatever else was typed."""
    if not wanted:
        return
    for check in CATALOGUE:
        click.echo(f"{check.id:<7} {check.group:<12} {check.severity.value:<16} {check.title}")
    context.exit()


@click.command("conformance")
@click.argument("url", type=_Address())
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_checks,
              help="Print every check, its id first, and do nothing.")  # fmt: skip
@click.option("--service-id", type=WORDS, required=True, metavar="ID", help="The ServiceID of the contract.")
@click.option("--order-key", "order_keys", type=WORDS, multiple=True, required=True, metavar="KEY",
              help="A key whose order is only read. Repeatable.")  # fmt: skip
@click.option("--pay-order-key", "pay_order_keys", type=WORDS, multiple=True, metavar="KEY",
              help="A key whose order may be confirmed as paid. Repeatable; without one no payment is confirmed. "
              "Best are four of orders to be paid at once, one that allows parts, one that is expired.")  # fmt: skip
@click.option("--certificate", "certificates", type=_PEM, multiple=True, required=True, metavar="PEM",
              help="The certificate that the service signs with. Repeatable.")  # fmt: skip
@click.option("--contract", type=click.Choice([each.value for each in Contract]), default=Contract.GUIDE_1_3.value,
              show_default=True, help="The form of the contract that it was built by.")  # fmt: skip
@click.option("--key", type=_PEM, metavar="PEM", help="The gateway's private key, which signs requests.")
@click.option("--key-certificate", type=_PEM, metavar="PEM",
              help="Its certificate, which the service must trust. Without both a pair is made.")  # fmt: skip
@click.option(
    "--ca-file", type=_PEM, metavar="PEM", help="Authorities that the server's certificate may come from."
)
@click.option("--timeout", type=click.FloatRange(min=0.1, max=300), default=15, show_default=True, metavar="SECONDS",
              help="How long to wait for one answer, to its last byte.")  # fmt: skip
@click.option("--deadline", type=click.FloatRange(min=0.1, max=86_400), default=900, show_default=True,
              metavar="SECONDS", help="When the run is over; what is left then is not run.")  # fmt: skip
@click.option("--messages", type=click.Path(path_type=Path, file_okay=False), default=Path("conformance-messages"),
              show_default=True, metavar="FOLDER", help="Keeps every message, in a folder for each run.")  # fmt: skip
@click.option("--html", type=REPORT_FILE, metavar="FILE", help="Write the report as a page of its own.")
@click.option(
    "--json",
    "json_file",
    type=REPORT_FILE,
    metavar="FILE",
    help="Write a list with an object for each check.",
)
@click.option("--junit", type=REPORT_FILE, metavar="FILE", help="Write JUnit XML for a build server.")
def conformance(  # noqa: PLR0913  each is an option
    *, url: str, service_id: str, order_keys: tuple[str, ...], pay_order_keys: tuple[str, ...],
    certificates: tuple[Path, ...], contract: str, key: Path | None, key_certificate: Path | None, ca_file: Path | None,
    timeout: float, deadline: float, messages: Path, html: Path | None, json_file: Path | None, junit: Path | None,
) -> None:  # fmt: skip
    """Play the gateway against the IServiceProvider at URL and report what it gets wrong.

    Orders of --order-key are looked up; only those of --pay-order-key are ever confirmed as paid: never name an order
    of a real payer.

    Ctrl-C ends the run; the reports are written all the same, with what was paid until then.

    Exit status: 0 no failed check above advice, 1 some, 2 wrong usage, 3 nothing could be reached, 4 the deadline came
    before every check was tried, or a message could not be kept, 130 interrupted.
    """
    _check_keys(order_keys, pay_order_keys)
    files = _files(html, json_file, junit)
    _check_authorities(ca_file)
    gateway = _identity(key, key_certificate)
    target = Target(
        url, service_id, order_keys, _certificates(certificates), gateway, pay_order_keys=pay_order_keys,
        timeouts=Timeouts(answer=timeout), limits=Limits(run=timedelta(seconds=deadline)), ca_file=ca_file,
        contract=Contract(contract),
    )  # fmt: skip
    say = partial(click.echo, err=any(str(path) == "-" for path, _ in files))
    folder = _folder(messages)
    if key is None:
        say(_introduction(gateway, folder.path))
    with _progress() as progress:
        report = run_checks(target, SystemClock(), CATALOGUE, kept=folder.keep, progress=progress)
    for line in text_report(report):
        say(one_line(line, _LONGEST_LINE))
    say(f"Every message is in {folder.path}")
    for path, writer in files:
        write_report(path, writer(report))
    raise click.exceptions.Exit(_status(report))


def _status(report: Report) -> int:
    """How the command ends: 0 is said only of a run in which each check had its turn."""
    if report.is_interrupted:
        return INTERRUPTED
    if not report.reached:
        return UNREACHED
    if not report.passes:
        return FAILED
    return UNFINISHED if report.cut_short else 0


def _check_keys(read: tuple[str, ...], paid: tuple[str, ...]) -> None:
    """Raises: UsageError for an empty key, and for one that is only read and may be paid.

    Outer white space is no part of a key.
    """
    if not all(each.strip() for each in (*read, *paid)):
        raise click.UsageError("an order key is empty")
    for key in sorted({each.strip() for each in read} & {each.strip() for each in paid}):
        raise click.UsageError(f"{key} is an --order-key, which is only read, and a --pay-order-key")


def _files(*paths: Path | None) -> tuple[tuple[Path, Callable[[Report], str]], ...]:
    """What is written where. Raises: UsageError before anything is asked or paid, if it cannot be written."""
    found = tuple((path, writer) for path, writer in zip(paths, _WRITERS, strict=True) if path)
    places = [str(path) for path, _ in found]
    for place in places:
        if places.count(place) > 1:
            raise click.UsageError(f"{place} is named for two reports")
    for path, _ in found:
        if str(path) != "-" and not path.resolve().parent.is_dir():
            raise click.UsageError(f"{path}: there is no folder {path.resolve().parent}")
    return found


def _check_authorities(ca_file: Path | None) -> None:
    try:
        ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except ssl.SSLError as error:
        raise click.BadParameter(
            f"{ca_file}: no certificate in PEM can be read", param_hint="--ca-file"
        ) from error


def _folder(parent: Path) -> MessageFolder:
    try:
        return MessageFolder(parent, datetime.now(UTC))
    except OSError as error:
        raise click.UsageError(f"--messages {parent}: {error.strerror}") from error


def _identity(key: Path | None, certificate: Path | None) -> Identity:
    if key is None and certificate is None:
        return make_identity("mpay conformance")
    if key is None or certificate is None:
        raise click.UsageError("--key and --key-certificate belong together")
    try:
        return read_identity(key.read_bytes(), certificate.read_bytes())
    except UnusableIdentity as error:
        raise click.UsageError(f"{key}, {certificate}: {error}") from error


def _certificates(files: tuple[Path, ...]) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for file in files:
        try:
            found += read_certificates(file.read_bytes())
        except UnusableIdentity as error:
            raise click.BadParameter(f"{file}: {error}", param_hint="--certificate") from error
    return tuple(found)


def _introduction(gateway: Identity, folder: Path) -> str:
    """Keep a pair that was made for this run, and say so: the service must trust it before anything can pass."""
    key, certificate = folder / "gateway.key", folder / "gateway.crt"
    key.touch(mode=0o600)
    key.write_bytes(gateway.key_pem)
    certificate.write_bytes(gateway.certificate_pem)
    said = (
        "Requests are signed with this certificate, made now. Let the service trust it, then run again with"
    )
    return f"{gateway.certificate_pem.decode()}{said} --key {key} --key-certificate {certificate}"


@contextmanager
def _progress() -> Iterator[Callable[[int, int, Check], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, check: bar.update(
            task, completed=done, total=total, description=f"{check.id:<7}"
        )
