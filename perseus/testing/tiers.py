"""The rules of `NotifierContract`, and which tier asks for which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perseus.pluginhost.admission.grade import Tier

PASSED = "passed"
FAILED = "failed"
MISSING = "missing"
EXEMPT = "exempt"
#: The worst first: what counts when a rule was tried more than once.
RESULTS = (FAILED, MISSING, EXEMPT, PASSED)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `may_be_exempt`: an author may say, with the reason, that it does not apply to the service."""

    tier: Tier
    text: str
    may_be_exempt: bool = False


RULES: Mapping[str, Rule] = {
    "loads": Rule(Tier.BRONZE, "The plugin host takes it in, and it loads no web framework and no database."),
    "strict_config": Rule(Tier.BRONZE, "Its configuration refuses fields that it does not know."),
    "delivers": Rule(Tier.BRONZE, "Each kind of message is delivered, as one message."),
    "secrets": Rule(Tier.BRONZE, "No secret stands in a log line, in a `repr` or in an error, whatever happens."),
    "deadline": Rule(Tier.BRONZE, "A service that does not answer is given up within the deadline, as Retry.", True),
    "failure": Rule(Tier.BRONZE, "A service that fails (5xx), or cannot be reached, is Retry, not the end.", True),
    "described": Rule(Tier.SILVER, "Each field of its configuration says what it means."),
    "rate_limit": Rule(Tier.SILVER, "429 is Wait, as long as the service says; no request is sent meanwhile.", True),
    "refused": Rule(Tier.SILVER, "400 is Poison: this message is given up, and the next is sent.", True),
    "gone": Rule(Tier.SILVER, "401, 403, 404 and 410 are Permanent: nothing is sent until a person acts.", True),
    "fuzz": Rule(Tier.SILVER, "Odd and oversized messages are delivered within the limits of the service."),
    "repeat": Rule(Tier.SILVER, "A message given again is sent again, marked, or under the same id."),
    "drill": Rule(Tier.SILVER, "A drill says that it is one."),
    "probe": Rule(Tier.SILVER, "It can be probed, and that posts nothing.", True),
    "preview": Rule(Tier.GOLD, "It can show what it would send, which is what it sends, without secrets."),
    "half_reply": Rule(Tier.GOLD, "A reply that breaks off is Retry: nobody knows whether the message arrived.", True),
    "batch": Rule(Tier.GOLD, "Messages that queued behind a limit are sent as one, each of them in it.", True),
    "update": Rule(Tier.GOLD, "A message that was sent can be changed, without another one.", True),
}  # fmt: skip


def earned(results: Mapping[str, str]) -> Tier | None:
    """The highest tier whose rules, and those of the tiers below, are all passed or exempt; None below bronze."""
    reached = None
    for tier in Tier:
        if any(results.get(name) not in (PASSED, EXEMPT) for name, rule in RULES.items() if rule.tier is tier):
            break
        reached = tier
    return reached


def lacking(results: Mapping[str, str]) -> list[str]:
    """The rules that keep it from gold, in order."""
    return [name for name in RULES if results.get(name) not in (PASSED, EXEMPT)]
