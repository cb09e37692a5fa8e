"""Who is told what: destinations, routing rules, silences, switches. Values; who stores them is `perseus.db`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from perseus.network.maintenance import Maintenance as Maintenance
from perseus.notify.notification import Severity

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
EVENT_KINDS = ("state_transition", "error", "system")
STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Match(BaseModel):
    """Which events. An empty list matches all; the lists are joined by 'and', what stands in one by 'or'.

    `exchanges` and `hosts` may hold `*` and `?`. `events`: `state_transition`, `error`, `system`.
    """

    model_config = STRICT

    exchanges: tuple[str, ...] = ()
    events: tuple[Literal["state_transition", "error", "system"], ...] = ()
    from_states: tuple[str, ...] = ()
    to_states: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    hosts: tuple[str, ...] = ()


class Rule(BaseModel):
    """One routing rule. Rules are asked in order; the first that matches decides, unless it says `go_on`.

    `destinations`: ids; `*` stands for all. Empty: what matches goes to nobody, by intent.
    """

    model_config = STRICT

    name: str = Field(min_length=1, max_length=100)
    match: Match = Match()
    destinations: tuple[str, ...] = ()
    go_on: bool = False


#: What holds until somebody says otherwise, as the first row of the rules.
FIRST_RULE = Rule(name="Everything to every destination", destinations=("*",))


class Silence(BaseModel):
    """For a time, what matches is recorded but not sent. Times: Unix milliseconds; `destinations` empty: all."""

    model_config = STRICT

    id: str
    match: Match
    destinations: tuple[str, ...] = ()
    starts_ms: int
    ends_ms: int
    author: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=500)


class Policy(BaseModel):
    """What one destination wants of its alerts. Seconds; 0 switches a thing off."""

    model_config = STRICT

    debounce_seconds: float = Field(
        default=0, ge=0, le=3600, description="An exchange must be offline for this long before it is told."
    )
    group_seconds: float = Field(
        default=10,
        ge=0,
        le=600,
        description="After one exchange went offline, others that follow within this are told together.",
    )
    flap_changes: int = Field(
        default=4, ge=0, le=100, description="So many changes between offline and online make an exchange flapping."
    )
    flap_seconds: float = Field(default=600, ge=1, le=86_400, description="Within this time.")
    calm_seconds: float = Field(
        default=300, ge=1, le=86_400, description="Without a change for this long flapping ends, and the state is told."
    )
    reminders: tuple[float, ...] = Field(
        default=(900, 3600, 14_400, 43_200),
        description="Seconds offline after which it is told again; the last one repeats. Empty: no reminders.",
    )
    tell_recovery: bool = Field(
        default=True, description="A message of its own when an exchange is back, besides the edit of the first."
    )
    batch: bool = Field(default=True, description="Messages that queued behind a limit are sent as one.")
    title_template: str | None = Field(default=None, max_length=1000, description="Jinja2; see docs/notifications.md.")
    text_template: str | None = Field(default=None, max_length=5000, description="Jinja2; see docs/notifications.md.")


@dataclass(frozen=True, slots=True)
class Destination:
    """One configured notifier. `id` names its keys. `config`: raw values of the kind's fields, secrets as SecretStr.

    `origin`: `environment` (its id is its kind's name) or `page`. `revision` grows with each change that was saved;
    0: there is no row of it. `problem`: why it cannot be sent to, in a sentence for people; None while it can.
    """

    id: str
    kind: str
    config: Mapping[str, Any]
    policy: Policy = field(default_factory=Policy)
    is_paused: bool = False
    origin: Literal["environment", "page"] = "page"
    revision: int = 0
    problem: str | None = None

    def secrets(self) -> frozenset[str]:
        """The secret values, for scrubbing."""
        return frozenset(value.get_secret_value() for value in self.config.values() if isinstance(value, SecretStr))


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything at one moment. `disabled`: names of plugins that are switched off.

    `problems`: what could not be read besides destinations, in sentences for people.
    """

    destinations: tuple[Destination, ...] = ()
    rules: tuple[Rule, ...] = ()
    silences: tuple[Silence, ...] = ()
    disabled: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


class ConfigurationSource(Protocol):
    """Gives the newest configuration; the last known one while the database is away. Never raises."""

    def __call__(self) -> Configuration: ...
