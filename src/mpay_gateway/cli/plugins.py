"""`mpay plugins` and `mpay hooks`: what is plugged in, and the contract that it keeps."""

import click

from mpay_gateway.api import Job
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.hook_reference import as_markdown, described_hooks
from mpay_gateway.cli.installed import Plugins, known_plugins
from mpay_gateway.cli.plugin_commands import problem_of_commands
from mpay_gateway.cli.printing import print_table
from mpay_gateway.plugin_host.command_groups import place_of_commands
from mpay_gateway.plugin_host.discovery import FoundPlugin
from mpay_gateway.plugin_host.registry import Kind


@click.command()
@click.pass_obj
def plugins(configured: Configured) -> None:
    """List plugins: name, version, path, hooks, jobs, commands, and which accounts and instruments use them.

    Without a configuration: all that are installed. Exit status: 1 when an enabled one cannot be used.
    """
    known = known_plugins(configured)
    for each in known.found.distributions:
        click.echo(f"{each.name} {each.version}  {each.path}")
        for plugin in known.found.plugins.values():
            if plugin.distribution == each.name:
                click.echo(f"  {plugin.kind} {plugin.name}: {_users(known, plugin)}")
                if jobs := _jobs(plugin):
                    click.echo(f"    jobs: {jobs}")
                if place_of_commands(plugin):
                    click.echo(f"    commands: mpay {plugin.name}")
        click.echo(f"  hooks: {', '.join(each.hooks)}")
    if not known.found.distributions:
        click.echo("no plugins")
    problems = (*known.found.problems, *_problems_of_commands(known))
    for problem in problems:
        click.echo(f"mpay: {problem}", err=True)
    if problems:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--markdown", is_flag=True, help="Print the reference that is kept in docs/hooks.md.")
@click.pass_obj
def hooks(configured: Configured, *, markdown: bool) -> None:
    """List every hook: what it promises, whether it is routed or collected, who implements it."""
    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    known = known_plugins(configured)
    rows = []
    for hook in described_hooks():
        who = [each.name for each in known.found.distributions if hook.name in each.hooks]
        who += ["core"] if hook.core_answers else []
        rows.append(
            (hook.name, hook.reach, "I/O" if hook.io else "", ", ".join(who) or "nobody", hook.summary)
        )
    print_table(("hook", "reach", "", "implemented by", "what it does"), rows, none="")


def _problems_of_commands(known: Plugins) -> list[str]:
    root = click.get_current_context().find_root()
    own = root.command.list_commands(root) if isinstance(root.command, click.Group) else []
    bringing = [each for each in known.found.plugins.values() if place_of_commands(each)]
    return [problem for each in bringing if (problem := problem_of_commands(each, known, own))]


def _jobs(plugin: FoundPlugin) -> str:
    declared: tuple[Job, ...] = plugin.factory.jobs  # type: ignore[attr-defined]
    return ", ".join(f"{job.name} {job.schedule}" for job in declared)


def _users(known: Plugins, plugin: FoundPlugin) -> str:
    settings = known.settings
    if settings is None:
        return "installed"
    users = {
        Kind.PROVIDER: [
            f"account {each.id}{' (retired)' if each.retired else ''}"
            for each in settings.providers
            if each.plugin == plugin.name
        ],
        Kind.INSTRUMENT: [
            f"instrument {each.id}" for each in settings.instruments if each.plugin == plugin.name
        ],
        Kind.ESERVICE: ["connector"],
    }
    return ", ".join(users[plugin.kind]) or "enabled, not used"
