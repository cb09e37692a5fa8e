"""The command `perseus`. Each command's work is in `perseus.commands`, loaded only when it is asked for."""

from __future__ import annotations

import sys

from perseus.cli import earlystop

earlystop.begin(sys.argv)  # what follows takes a while, and a signal may come in it

# isort: split
import io
from pathlib import Path

import click

from perseus.cli import loaded
from perseus.cli.control import control
from perseus.cli.drill import drill
from perseus.cli.ingest import ingest
from perseus.cli.recording import harness, recording
from perseus.cli.running import run
from perseus.cli.simulate import simulate
from perseus.cli.store import redis_cli
from perseus.errors import PerseusError
from perseus.version import VERSION

ROLES = click.Choice(["viewer", "operator", "admin"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="perseus", message="%(prog)s %(version)s")
def commands() -> None:
    """Perseus Network: who serves which exchange, and the rules that keep it true.

    `perseus up` needs no setting. The other commands find its store by PERSEUS_HOME, the folder for state (.perseus),
    or use those that PERSEUS_REDIS_URL and PERSEUS_DATABASE_URL name. PERSEUS_PORT is the port of the pages (8000). All
    settings are environment variables; docs/settings.md of the source lists them.
    """


@commands.command()
def up() -> None:
    """Start everything on this machine; Ctrl-C stops it.

    That is: a private store, a database, the web pages, the watcher, and demo ingest processes.
    """
    run("up")


@commands.command()
def init() -> None:
    """Make the database and the store of a new site ready.

    Makes the tables (SQLite) or checks them (PostgreSQL), adds the known exchanges, marks the store as new. It can be
    repeated; it never removes anything.
    """
    run("init")


@commands.command()
def web() -> None:
    """Serve the pages and the JSON API.

    On 127.0.0.1, unless PERSEUS_HOST says otherwise.
    """
    run("web")


@commands.command("sign-in-link")
@click.argument("email", required=False)
def sign_in_link(email: str | None) -> None:
    """Print a link that signs somebody in once.

    EMAIL, or else the first admin, within a day. The way in for the first admin of a
    site, and for who has forgotten the password.
    """
    run("signinlink", email)


@commands.group(invoke_without_command=True)
@click.pass_context
def users(context: click.Context) -> None:
    """List who may sign in; add and change them.

    Without a command it lists them. Exit codes: 0 done, 1 refused or the database is silent, 78 no such user or bad
    setting.
    """
    if context.invoked_subcommand is None:
        run("users", "list")


@users.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As the pages call them.")
@click.option("--role", type=ROLES, default="viewer", show_default=True, help="What they may do.")
def users_add(email: str, name: str, role: str) -> None:
    """Add EMAIL, and print the link that signs them in once."""
    run("users", "add", email, name, role)


@users.command("role")
@click.argument("email")
@click.argument("role", type=ROLES)
def users_role(email: str, role: str) -> None:
    """Make EMAIL a viewer, operator or admin."""
    run("users", "role", email, role)


@users.command("token")
@click.argument("email")
@click.argument("name")
@click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=90,
    show_default=True,
    metavar="N",
    help="It holds so long; 0: no end.",
)
def users_token(email: str, name: str, days: int) -> None:
    """Print a new API token of EMAIL, once; NAME says what for."""
    run("users", "token", email, name, days)


@commands.command()
def dispatch() -> None:
    """Tell destinations what happens, and watch for deaths.

    Exit codes: 0 stopped, 71 too much memory: start it again, 78 bad setting, 1 anything else.
    """
    run("dispatch")


@commands.command()
@click.argument("event")
@click.argument("destination")
def explain(event: str, destination: str) -> None:
    """Say why an EVENT was sent to a DESTINATION, or was not.

    EVENT is <exchange>:<stream id>, as the address of its page and /api/network/activity have it. Exit codes: 0 told,
    78 no such event or destination.
    """
    run("explain", event, destination)


@commands.command()
@click.argument("name")
@click.argument("minutes", type=float, required=False)
@click.argument("reason", required=False)
@click.option("--end", is_flag=True, help="End it now.")
def maintenance(name: str, minutes: float | None, reason: str | None, end: bool) -> None:
    """Announce that an exchange will be offline.

    For so many MINUTES nobody is notified that NAME goes offline or comes back, and REASON is recorded as to why. If it
    is still offline in the end, that is told.
    """
    run("maintenance", name, minutes, reason, end)


@commands.command()
@click.option("--group", type=click.Choice(["ingest", "notifiers", "ui"]), help="Those of one group alone.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--strict", is_flag=True, help="End with 1 when a plugin cannot be used.")
def plugins(group: str | None, as_json: bool, strict: bool) -> None:
    """List the plugins of this machine.

    With the state of each and why, its hooks, and the variables that configure it. Each is imported, none is started.
    Exit codes: 0, or 1 with --strict or PERSEUS_STRICT_PLUGINS.
    """
    run("plugins", group and f"perseus.{group}", as_json, strict)


@commands.command()
@click.argument("destination")
@click.option("--since", required=True, metavar="TIME", help="7d, 12h, 30m, or 2026-11-21T10:00Z.")
@click.option("--until", metavar="TIME", help="Now, unless given.")
@click.option("--dry-run", is_flag=True, help="Send nothing; show what would be sent.")
@click.option("--live", is_flag=True, help="Dry: by the rules, silences and grouping of today.")
@click.option("--json", "as_json", is_flag=True, help="Dry: for programs, and for --against.")
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="FILE", help="Dry: show what differs from a former run."
)
def replay(
    destination: str, since: str, until: str | None, dry_run: bool, live: bool, as_json: bool, against: Path | None
) -> None:
    """Send the past again to DESTINATION, marked as a replay.

    Exit codes: 0, or 1 when the dispatcher refused or with differences.
    """
    if not dry_run and (live or as_json or against or until):
        raise click.UsageError("--until, --live, --json and --against need --dry-run.")
    run("replay", destination, since, until, dry_run, live, as_json, against)


@commands.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--json", "as_json", is_flag=True, help="For programs: as /api/network/instances; one line a reading with --watch."
)
@click.option("--watch", "is_watching", is_flag=True, help="Again every two seconds, until Ctrl-C.")
def status(names: tuple[str, ...], as_json: bool, is_watching: bool) -> None:
    """Show who serves which exchange, problems first.

    Of all exchanges or those that are NAMEd, from the same reading as the Network page. Exit codes: 0 no problem, 1 an
    exchange is lost, failed, corrupt or unknown, 69 the store or the database is silent, 78 no such exchange or bad
    setting.
    """
    run("status", names, as_json, is_watching)


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Say what is wrong with this site, and what mends it.

    Examines each server of the store, the database, clocks, times, plugins and this host. Exit codes: 0 nothing
    breaks, 1 something does, 2 store or database could not be asked, 78 bad setting.
    """
    run("doctor", as_json)


@commands.command()
def receive() -> None:
    """Show every notification on this terminal.

    It makes itself a destination of the site for as long as it runs; a dispatcher must run on this machine.
    """
    run("receive")


@commands.command("new-plugin")
@click.argument("kind", type=click.Choice(["notifier", "ingest", "ui"]))
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), default=".", metavar="DIR", help="Folder to make it in.")
def new_plugin(kind: str, name: str, into: Path) -> None:
    """Make the folder of a new plugin NAME, with tests that pass.

    A notifier sends messages; ingest plugins run in ingest processes, ui plugins in the web pages.
    """
    _tool("new_plugin", kind, name, into)


@commands.command("lint-plugin")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--load", is_flag=True, help="Then load it as Perseus would: runs its import and its manifest.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def lint_plugin(path: Path, load: bool, as_json: bool) -> None:
    """Check the text of a plugin, line by line.

    PATH is a module, a package, or a folder with a pyproject.toml. Exit codes: 0 no fault, 1 faults.
    """
    _tool("lint_plugin", path, load, as_json)


commands.add_command(control)
commands.add_command(drill)
commands.add_command(harness)
commands.add_command(ingest)
commands.add_command(recording)
commands.add_command(redis_cli)
commands.add_command(simulate)


def _tool(command: str, *arguments: object) -> None:
    """A command that needs no site, and so no settings."""
    sys.exit(loaded.command(command).run(*arguments))


def _escape_output() -> None:
    """A path that the terminal's encoding cannot show is shown escaped: no command may end because of it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Run the command line. An error that Perseus raises on purpose ends it with that error's text and exit code."""
    _escape_output()
    try:
        commands(prog_name="perseus")
    except PerseusError as error:
        click.echo(f"perseus: {error}", err=True)
        sys.exit(error.exit_code)
