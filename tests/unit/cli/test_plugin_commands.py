"""Commands that plugins bring: mounted when asked for, told when one fails, never in the way of the others."""

import pytest

from tests.unit.plugin_host.null_plugins import write_distribution

COMMANDS = """
import click

@click.group()
def group():
    "What the teller can do."

@group.command()
@click.pass_obj
def say(context):
    "Name the accounts."
    for name, settings in context.settings.items():
        click.echo(f"{name}: {settings.url}, {context.clock.now():%Z}")

@group.command()
@click.pass_obj
def count(context):
    "Count how often this was typed."
    records = context.records_of("teller-main")
    found = records.get("typed")
    click.echo(records.put("typed", b"", found.version if found else 0).version)

@group.command()
@click.argument("name")
@click.pass_obj
def act(context, name):
    "Do something about money."
    click.echo(context.identify(name))

@group.command()
def fail():
    "Break."
    raise KeyError("no such key")

@group.command()
def refuse():
    "Say no."
    raise click.ClickException("not today")
"""


@pytest.fixture
def plug(place, tmp_path, monkeypatch):
    """Installs and enables a distribution with a bank that brings commands."""

    def install(distribution, bank, commands=COMMANDS, *, attribute="group"):
        module = distribution.replace("-", "_")
        folder = tmp_path / f"site-{distribution}"
        points = f"[mpay_gateway.providers]\n{bank} = {{module}}:Teller\n"
        extra = f"class Teller(NullBank):\n    commands = '{module}_commands:{attribute}'\n"
        write_distribution(folder, name=distribution, extra=f"\n\n{extra}", entry_points=points)
        (folder / f"{module}_commands.py").write_text(commands, "utf-8")
        monkeypatch.syspath_prepend(str(folder))
        toml = place.folder / "gateway.toml"
        text = toml.read_text("utf-8").replace("enabled = [", f'enabled = ["{distribution}", ')
        toml.write_text(
            f"{text}\n[provider.{bank}-main]\nplugin = '{bank}'\nurl = 'https://{bank}'\n", "utf-8"
        )

    return install


def test_an_enabled_plugins_commands_get_its_accounts_settings(run, plug):
    plug("mpay-one", "teller")
    done = run("teller", "say")
    assert done.err == ""
    assert done.out == "teller-main: https://teller, UTC\n"
    shown = run("teller", "--help")
    assert "What the teller can do." in shown.out
    assert "Name the accounts." in shown.out
    assert "    commands: mpay teller" in run("plugins").out


def test_what_is_installed_and_not_enabled_brings_no_command(run, plug, place):
    plug("mpay-two", "clerk")
    place.configure()
    done = run("clerk", "say")
    assert (done.status, "No such command 'clerk'" in done.err) == (2, True)
    assert "mpay: 'clerk' is a plugin of 'mpay-two', which plugins.enabled does not name\n" in done.err


def test_a_command_that_breaks_is_told_as_its_plugins_fault(run, plug):
    plug("mpay-three", "teller3")
    broken, refused = run("teller3", "fail"), run("teller3", "refuse")
    assert (broken.status, refused.status) == (1, 1)
    assert broken.err == "mpay: plugin bug: mpay-three: commands of teller3: KeyError: 'no such key'\n"
    assert refused.err == "Error: not today\n"


def test_commands_that_cannot_be_imported_stop_nothing_else(run, plug):
    plug("mpay-four", "teller4", commands="import no_such_module\n")
    plug("mpay-five", "teller5")
    plug("mpay-six", "teller6", attribute="say")
    done = run("teller4", "say")
    assert (done.status, "mpay-four: commands: cannot be imported: ModuleNotFoundError" in done.err) == (
        1,
        True,
    )
    assert "is no click group" in run("teller6", "say").err
    assert run("teller5", "say").status == 0
    assert run("--help").status == 0
    listed = run("plugins")
    assert (listed.status, "    commands: mpay teller5" in listed.out) == (1, True)
    assert len(listed.err.splitlines()) == 2


def test_no_plugin_takes_a_command_of_the_gateway_or_of_another(run, plug):
    plug("mpay-seven", "settle")
    plug("mpay-eight", "teller8")
    assert "Pay a day out" not in run("settle", "say").out
    listed = run("plugins")
    assert (listed.status, listed.err) == (
        1,
        "mpay: mpay-seven: commands: `mpay settle` is another command\n",
    )


def test_a_place_that_is_none_is_told_when_plugins_are_loaded(run, plug):
    plug("mpay-nine", "teller9", attribute="no group")
    assert "its commands are no package.module:attribute" in run("plugins").err
    unknown = run("teller9", "say")
    assert (unknown.status, "package.module:attribute" in unknown.err) == (2, True)


def test_a_command_reads_and_writes_its_instances_records(run, plug, place):
    assert run("init-db").status == 0
    plug("mpay-seven", "teller7", COMMANDS.replace("teller-main", "teller7-main"))
    assert [run("teller7", "count").out for _ in range(2)] == ["1\n", "2\n"]


def test_a_command_knows_the_operator_who_acts_by_his_token(run, plug, place, monkeypatch):
    assert run("init-db").status == 0
    plug("mpay-ten", "teller10")
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", run("operator", "add", "ana").out.strip())
    assert run("teller10", "act", "ana").out == "operator:ana\n"
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", "another")
    for name in ("ana", "eve"):
        done = run("teller10", "act", name)
        assert (done.status, done.out) == (1, "")
        assert done.err == "mpay: not authorised: no such operator, or another token\n"


def test_a_command_whose_database_is_not_there_says_so(run, plug, place):
    place.configure("sqlite:///nothing.sqlite")
    plug("mpay-eight", "teller8", COMMANDS.replace("teller-main", "teller8-main"))
    assert run("teller8", "say").status == 0
    done = run("teller8", "count")
    assert (done.status, "run `mpay init-db`" in done.err) == (2, True), done
