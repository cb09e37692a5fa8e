"""`perseus users`: who may sign in and as what, on a terminal. For whoever may run commands as the user of Perseus."""

from __future__ import annotations

import click

from perseus.access import address, keys
from perseus.access.roles import Role
from perseus.clock import SystemClock
from perseus.commands import readiness, signinlink
from perseus.commands.recording import recorded, who
from perseus.commands.statustable import cells
from perseus.db import access
from perseus.db.users import User
from perseus.errors import EXIT_CONFIG, PerseusError
from perseus.settings import Settings
from perseus.web import moments, words

COMMAND = "users"
HEAD = ("EMAIL", "NAME", "ROLE", "STATE", "LAST SIGN-IN")
DAY_MS = 86_400_000


class UnknownUser(PerseusError):
    """Raised for a mail address that nobody has."""

    exit_code = EXIT_CONFIG

    def __init__(self, email: str) -> None:
        super().__init__(f"There is no user {words.plain(email, 200)}. `perseus users` lists them.")
        self.email = email


class ShutOut(PerseusError):
    """Raised for what would be of no use to somebody who may not sign in."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"{email} is shut out, so no token would hold. An admin can let them in again, on the page Users."
        )
        self.email = email


def listed(settings: Settings) -> int:
    """Everybody, by mail address."""
    rows = [HEAD, *(_row(user) for user in access.users(readiness.database(settings)))]
    widths = [max(cells(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        padded = (text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    return 0


def add(settings: Settings, email: str, name: str, role: str) -> int:
    """Add somebody and print the link by which they come in. Raises UsageError, EmailTaken."""
    url = readiness.database(settings)
    try:
        email, name = address.email(email), address.name(name)
    except ValueError as error:
        raise click.UsageError(f"{str(error).capitalize()}.") from None
    with recorded(settings, COMMAND, "add a user", email, role=role):
        made = access.add_user(url, email, name, Role(role), who(COMMAND))
    with recorded(settings, COMMAND, "make a sign-in link", email):
        click.echo(signinlink.link(settings, url, made, who(COMMAND)))
    click.echo(f"It signs in {made.email} ({made.role}). {signinlink.LASTS}")
    return 0


def change_role(settings: Settings, email: str, role: str) -> int:
    """Raises UnknownUser, LastAdmin."""
    url = readiness.database(settings)
    user = _named(url, email)
    before = user.person.role
    with recorded(settings, COMMAND, "set a role", user.person.email, role=f"{before} to {role}"):
        access.change_user(url, user.person.id, who(COMMAND), role=Role(role))
    click.echo(f"{user.person.email} was {before} and is {role}. Pages that are open know it within 5 seconds.")
    return 0


def token(settings: Settings, email: str, name: str, days: int) -> int:
    """Print a new API token, alone on stdout. `days` 0: it has no end.

    Raises UsageError, UnknownUser, ShutOut, TooManyTokens.
    """
    url = readiness.database(settings)
    user = _named(url, email)
    if not user.is_active:
        raise ShutOut(user.person.email)
    try:
        name = address.name(name)
    except ValueError as error:
        raise click.UsageError(f"{str(error).capitalize()}.") from None
    made, now_ms = keys.fresh_token(), SystemClock().wall_ms()
    ends_ms = now_ms + days * DAY_MS if days else None
    lasts = f"until {moments.day(ends_ms)}" if ends_ms else "until it is revoked"
    with recorded(settings, COMMAND, "make an API token", name, of=user.person.email, lasts=lasts):
        access.add_token(url, user.person.id, keys.digest(made), name, now_ms, ends_ms)
    click.echo(made)
    click.echo(f"It acts as {user.person.email} ({user.person.role}), {lasts}. It is not shown again.", err=True)
    return 0


DO = {"list": listed, "add": add, "role": change_role, "token": token}


def run(settings: Settings, what: str, *arguments: object) -> int:
    """One of `DO`. Errors also as `readiness.database`."""
    return DO[what](settings, *arguments)  # type: ignore[operator, no-any-return]


def _row(user: User) -> tuple[str, ...]:
    state = "shut out" if not user.is_active else "no password yet" if user.password_hash is None else "active"
    person = user.person
    seen = moments.utc(user.signed_in_ms) if user.signed_in_ms is not None else None
    return (
        words.plain(person.email, 200),
        words.plain(person.name, 100),
        person.role,
        state,
        f"{seen} UTC" if seen else "never",
    )


def _named(database_url: str, email: str) -> User:
    found = access.user_by_email(database_url, email)
    if found is None:
        raise UnknownUser(email)
    return found
