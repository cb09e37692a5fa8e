"""What the audit log can name, in the groups that people look for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perseus.control.audited import ACT, act
from perseus.control.command import Kind
from perseus.web.people.auditing import ACTS

#: A command to an ingest process: that it was sent, and what came of it.
ENDED: Final = ACT
#: Acts of commands of a shell.
BY_SHELL: Final = ("add a user", "set a role", "make an API token", "make a sign-in link", "run a drill")
SIGN_INS, PEOPLE, COMMANDS = "sign-ins", "people", "commands"
SETUP, ALERTS, DESTINATIONS, OTHER = "connections and symbols", "alerts", "destinations and plugins", "anything else"
#: The group of what a page or a command does, by the blueprint of its page or its own words.
OF_PAGE: Final[Mapping[str, str]] = {
    "signin": SIGN_INS,
    "ownpassword": PEOPLE,
    "account": PEOPLE,
    "users": PEOPLE,
    "rules": ALERTS,
    "silences": ALERTS,
    "plugins": DESTINATIONS,
    "saving": DESTINATIONS,
    "orders": DESTINATIONS,
    "connect": COMMANDS,
    "control": COMMANDS,
    "exchanges": SETUP,
    "record": SETUP,
    "symbols": SETUP,
}
OF_SHELL: Final[Mapping[str, str]] = {**dict.fromkeys(BY_SHELL[:4], PEOPLE), BY_SHELL[4]: DESTINATIONS}
FORGED: Final = f"{ENDED}forged command"
KINDS: Final = (*(act(kind) for kind in Kind), FORGED)
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    group: tuple(
        sorted(
            {
                *(what for endpoint, what in ACTS.items() if OF_PAGE[endpoint.partition(".")[0]] == group),
                *(what for what, its in OF_SHELL.items() if its == group),
                *(KINDS if group == COMMANDS else ()),
            }
        )
    )
    for group in (SIGN_INS, PEOPLE, COMMANDS, SETUP, ALERTS, DESTINATIONS)
}
WHAT: Final = tuple(what for some in GROUPS.values() for what in some)


def group_of(what: str) -> str:
    """The group of an act; what a plugin added or an earlier version wrote is in none of ours."""
    if what.startswith(ENDED):
        return COMMANDS
    return next((group for group, some in GROUPS.items() if what in some), OTHER)
