"""`perseus sign-in-link`: a link that signs somebody in once. The first start of the pages prints one by itself."""

from __future__ import annotations

import click

from perseus.access import keys
from perseus.access.person import Person
from perseus.access.roles import Role
from perseus.clock import SystemClock
from perseus.commands import readiness
from perseus.commands.recording import recorded
from perseus.db import access
from perseus.db.users import User
from perseus.local.runfile import Run
from perseus.settings import Settings

BY = "perseus sign-in-link"
#: The first admin of a site that names none.
NOBODYS = "admin@localhost"
LASTS = "It works once, within a day, and takes the place of an earlier one."


def run(settings: Settings, email: str | None) -> int:
    """Print a link. Raises UsageError for somebody who is not there; errors as `readiness.database`."""
    url = readiness.database(settings)
    person = _named(url, email) if email else _admin(settings, url)
    with recorded(settings, "sign-in-link", "make a sign-in link", person.email):
        click.echo(link(settings, url, person))
    click.echo(f"It signs in {person.email} ({person.role}). {LASTS}")
    return 0


def first(settings: Settings, database_url: str) -> str | None:
    """What a start says while no admin has set a password: a fresh link. None when one has. Errors of the database."""
    if access.is_set_up(database_url):
        return None
    try:
        person = _admin(settings, database_url)
    except click.UsageError as error:
        return error.message
    return (
        f"Sign in as {person.email}, with this link, once and within a day:\n"
        f"  {link(settings, database_url, person)}\n"
        "Set a password there, under the name at the top right. Until then each start prints another link."
    )


def link(settings: Settings, database_url: str, person: Person, by: str = BY) -> str:
    """The whole address of a new link of this person, which voids those before."""
    key = keys.fresh()
    access.add_link(database_url, person.id, keys.digest(key), by, SystemClock().wall_ms())
    run = Run.living(settings.home)
    base = settings.public_url or (run.web if run else readiness.reached(settings.host, settings.port))
    return f"{base.rstrip('/')}/sign-in/link/{key}"


def _named(database_url: str, email: str) -> Person:
    found = access.user_by_email(database_url, email)
    if found is None:
        some = ", ".join(user.person.email for user in access.users(database_url)) or "nobody"
        raise click.UsageError(f"There is no user {email}. There is: {some}.")
    if not found.is_active:
        raise click.UsageError(f"{found.person.email} is shut out. An admin can let them in again, on the page Users.")
    return found.person


def _admin(settings: Settings, database_url: str) -> Person:
    """The one that the settings name, else the first there is; made, where there is none."""
    admins = [user for user in access.users(database_url) if _is_admin(user)]
    wanted = (settings.admin_email or NOBODYS).strip().lower()
    for user in sorted(admins, key=lambda user: (user.person.email != wanted, user.person.id)):
        return user.person
    if access.user_by_email(database_url, wanted) is not None:
        raise click.UsageError(f"No admin is active, and {wanted} is another user. Name one: sign-in-link EMAIL.")
    return access.add_user(database_url, wanted, settings.admin_name or "Admin", Role.ADMIN, BY)


def _is_admin(user: User) -> bool:
    return user.is_active and user.person.role is Role.ADMIN
