"""`perseus redis-cli`: a command of Redis, to the store of this site."""

from __future__ import annotations

import click

from perseus.cli.running import run


@click.command("redis-cli", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--show", is_flag=True, help="Print the line, without the password, and run nothing.")
@click.option("--node", metavar="HOST:PORT", help="This server of the store, or sentinel, and no other.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND]...")
def redis_cli(show: bool, node: str | None, words: tuple[str, ...]) -> None:
    """Run redis-cli at the store of this site.

    With the address, user, password and TLS of PERSEUS_REDIS_URL, or of the `perseus up` of this home: at a node of a
    Cluster that answers, at the primary that the sentinels name. Without a COMMAND it asks for commands. Exit codes:
    that of redis-cli, 1 the store does not answer or refuses the COMMAND, 78 no redis-cli or bad setting.
    """
    run("rediscli", show, words, node)
