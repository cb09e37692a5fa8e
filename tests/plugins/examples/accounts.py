"""Keeps accounts of deliveries; configured by PERSEUS_PLUGIN_ACCOUNTS_CURRENCY."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel

from perseus import BreakerState, Context, Delivery, Manifest, hookimpl

BOOK: Counter[str] = Counter()
SAID: list[str] = []


class Config(BaseModel):
    """What is counted in."""

    currency: str = "EUR"


@hookimpl
def perseus_manifest() -> Manifest:
    """With a configuration of the plugin's own, for it is no notifier."""
    return Manifest(api=">=1,<2", config=Config, about="Counts deliveries.")


@hookimpl
def perseus_configured(config: Config, context: Context) -> None:
    """Take the currency in."""
    SAID.append(f"counting in {config.currency}")


@hookimpl
def perseus_startup(context: Context) -> None:
    """Open the book."""
    SAID.append(f"open at {context.settings.home.name}")


@hookimpl
def perseus_delivery_finished(delivery: Delivery) -> None:
    """Count every attempt by its outcome."""
    BOOK[str(delivery.outcome)] += 1


@hookimpl
def perseus_delivery_dead(delivery: Delivery) -> None:
    """Count what was given up."""
    BOOK[f"dead at {delivery.destination}"] += 1


@hookimpl
def perseus_breaker_changed(destination: str, state: BreakerState, reason: str) -> None:
    """Note who is sent to no more."""
    SAID.append(f"{destination} is {state}: {reason}")


@hookimpl
def perseus_shutdown(context: Context) -> None:
    """Close the book."""
    SAID.append("closed")
