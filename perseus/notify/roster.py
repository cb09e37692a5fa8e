"""Every destination that there is: those of the database, and those of the environment of dispatchers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perseus.notify.configuration import Configuration, Destination
from perseus.notify.told.dispatchers import DestinationReport, Dispatchers, KindReport

START = "perseus dispatch"


@dataclass(frozen=True, slots=True)
class Listed:
    """One destination. `kind`, `report`: as a running dispatcher tells, None where none does.

    `problem`: why nothing can be sent to it, in a sentence; '' while something can.
    """

    destination: Destination
    kind: KindReport | None
    report: DestinationReport | None
    problem: str

    @property
    def id(self) -> str:
        """Its id."""
        return self.destination.id


def roster(configuration: Configuration, dispatchers: Dispatchers) -> Mapping[str, Listed]:
    """All of them, in the order of their ids."""
    stored = {one.id: one for one in configuration.destinations}
    reported, kinds = dispatchers.destinations(), dispatchers.kinds()
    listed = {}
    # What a report has of the page and the database has not, was deleted a moment ago.
    of_environment = {name for name, report in reported.items() if report.origin == "environment"}
    for name in sorted(stored.keys() | of_environment):
        report = reported.get(name)
        destination = stored.get(name) or _of_environment(name, report)
        kind = kinds.get(destination.kind)
        problem = _problem(destination, configuration, dispatchers, kind, report)
        listed[name] = Listed(destination, kind, report, problem)
    return listed


def _of_environment(name: str, report: DestinationReport | None) -> Destination:
    return Destination(name, report.kind if report else name, {}, origin="environment")


def _problem(
    destination: Destination,
    configuration: Configuration,
    dispatchers: Dispatchers,
    kind: KindReport | None,
    report: DestinationReport | None,
) -> str:
    if not dispatchers.running:
        return f"No dispatcher runs. Start one: {START}"
    # Who sends knows best: this process may lack the key of a secret that is none of its business.
    told = report.problem if report else destination.problem
    if told:
        return told
    if (kind.plugin if kind else destination.kind) in configuration.disabled:
        return "Its plugin is switched off."
    if kind is None:
        return (
            f"No running dispatcher offers the kind {destination.kind}: its plugin is missing, failed or switched off."
        )
    return ""
