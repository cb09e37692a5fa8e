"""The command line of `perseus drill`."""

from __future__ import annotations

import click

from perseus.cli.running import run


@click.command()
@click.argument("name", required=False, metavar="[EXCHANGE]")
@click.option(
    "--only",
    type=click.Choice(["pause", "kill", "cut", "failover"]),
    multiple=True,
    help="This fault alone; may be repeated.",
)
@click.option(
    "--failover",
    type=click.Choice(["auto", "by-hand", "no"]),
    default="auto",
    show_default=True,
    help="Who makes the store fail over; by-hand: you, while it waits.",
)
@click.option(
    "--wait",
    type=click.IntRange(1, 3600),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="So long for a failover by hand to begin.",
)
@click.option("--real", is_flag=True, help="EXCHANGE is one of the site's own, which nobody serves now.")
@click.option("--own-times", is_flag=True, help="With the TTL and heartbeat of the site: takes minutes.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--yes", is_flag=True, help="Ask nothing before a failover, and before --real.")
def drill(
    name: str | None,
    only: tuple[str, ...],
    failover: str,
    wait: int,
    real: bool,
    own_times: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Practise the loss of a holder, and measure it.

    Two instances of its own contend for a practice exchange (EXCHANGE, or drill). The one that holds it is paused,
    killed and cut off from the store; then the store fails over, where it can. That no two are valid at once is
    measured. It takes about a minute; the result is filed in the audit log. Exit codes: 0 as promised, 1 not, 69 the
    store is silent or the exchange is held, 78 bad setting.
    """
    run("drill", name, only, failover, real, own_times, as_json, yes, wait)
