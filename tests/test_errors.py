"""One root, facts as attributes, and texts that tell a person what to do next."""

from __future__ import annotations

import pickle

import pytest

from perseus import errors
from perseus.errors import (
    ExchangeOff,
    Holder,
    InvalidTransition,
    LeaseLost,
    LeasePending,
    LeaseRefused,
    NotOnNetwork,
    PerseusError,
    SettingError,
    StopRequested,
    StoreCorrupt,
    StoreRefused,
    StoreRefusesWrites,
    StoreRightsMissing,
    StoreUnavailable,
    StoreUntrusted,
    StoreUserRefused,
    UnknownExchange,
)

HOLDER = Holder("host-b", "192.0.2.8", "2026-11-21T10:00:00.000Z", "active", 31.4)
NOBODY = Holder(None, None, None, None, -0.001)
EACH = [
    SettingError("PERSEUS_PORT", "is not a number", "Give a number."),
    UnknownExchange("bitmex", ("kraken", "binance")),
    ExchangeOff("kraken"),
    NotOnNetwork("No plugin puts this process on the network."),
    StoreUnavailable("store:6379", "timed out"),
    StoreUntrusted("store:6379", "it does not speak TLS: write redis in place of rediss"),
    StoreRefusesWrites("store:6379", "OOM", "OOM command not allowed"),
    StoreRefused("store:6379", "wrong password"),
    StoreRightsMissing("store:6379", "NOPERM no permissions to run set"),
    StoreUserRefused("store:6379", "it does not know the user ann, or not this password", "ann"),
    StoreCorrupt("store:6379", "exchange:4:status"),
    LeaseRefused("kraken", HOLDER),
    LeasePending("kraken", 12_400),
    LeaseLost("kraken", "another instance holds it", HOLDER),
    StopRequested("kraken", "SIGTERM"),
    InvalidTransition("kraken", "idle", "active", ("starting",)),
]


def test_every_error_of_ours_has_the_one_root() -> None:
    made = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert {type(error) for error in EACH} | {PerseusError} == made
    assert all(issubclass(kind, PerseusError) for kind in made)


@pytest.mark.parametrize(
    ("error", "code"),
    list(zip(EACH, [78, 78, 78, 78, 1, 78, 1, 78, 78, 78, 1, 69, 69, 75, 0, 1], strict=True)),
    ids=lambda value: type(value).__name__,
)
def test_a_command_ends_with_the_code_of_its_error(error: PerseusError, code: int) -> None:
    assert error.exit_code == code


@pytest.mark.parametrize("error", EACH, ids=lambda error: type(error).__name__)
def test_its_text_is_made_of_its_facts_and_ends_as_a_sentence(error: PerseusError) -> None:
    text = str(error)
    assert text.endswith((".", "?"))
    assert "None" not in text
    for name, fact in vars(error).items():
        if isinstance(fact, str):
            assert fact in text, name


FACTS = [
    {"name": "PERSEUS_PORT", "problem": "is not a number", "mend": "Give a number."},
    {"name": "bitmex", "known": ("kraken", "binance")},
    {"name": "kraken"},
    {},
    {"where": "store:6379", "reason": "timed out"},
    {"where": "store:6379", "reason": "it does not speak TLS: write redis in place of rediss"},
    {"where": "store:6379", "reason": "OOM command not allowed", "code": "OOM", "slot": None},
    {"where": "store:6379", "reason": "wrong password"},
    {"where": "store:6379", "reason": "NOPERM no permissions to run set"},
    {"where": "store:6379", "reason": "it does not know the user ann, or not this password"},
    {"where": "store:6379", "key": "exchange:4:status"},
    {"exchange": "kraken", "holder": HOLDER},
    {"exchange": "kraken", "wait_ms": 12_400, "kept_for": ""},
    {"exchange": "kraken", "reason": "another instance holds it", "holder": HOLDER},
    {"exchange": "kraken", "reason": "SIGTERM"},
    {"exchange": "kraken", "from_state": "idle", "to_state": "active", "allowed": ("starting",)},
]


@pytest.mark.parametrize(
    ("error", "facts"), list(zip(EACH, FACTS, strict=True)), ids=lambda value: type(value).__name__
)
def test_its_facts_are_attributes(error: PerseusError, facts: dict[str, object]) -> None:
    assert vars(error) == facts


def test_a_refused_claim_names_the_holder_its_address_since_when_and_what_to_do() -> None:
    text = str(LeaseRefused("kraken", HOLDER))
    assert text.startswith("kraken is held by host-b (IP 192.0.2.8), since 2026-11-21T10:00:00.000Z, state active.")
    assert "runs out in 31 s" in text
    assert "Stop that process first" in text


def test_a_claim_refused_by_junk_says_that_it_has_no_end_and_to_look_first() -> None:
    text = str(LeaseRefused("kraken", NOBODY))
    assert "an unnamed host (IP unknown), since an unknown time" in text
    assert "no end" in text
    assert "Look at its status key before you delete it" in text


def test_a_pending_claim_says_when_to_try_again() -> None:
    assert "free in 12 s" in str(LeasePending("kraken", 12_400))


def test_an_unknown_exchange_is_told_with_the_known_ones_or_how_to_get_some() -> None:
    assert "Known: kraken, binance." in str(UnknownExchange("bitmex", ("kraken", "binance")))
    assert "perseus init" in str(UnknownExchange("bitmex", ()))


def test_a_lost_lease_says_to_whom_if_that_is_known() -> None:
    assert "now held by host-b" in str(LeaseLost("kraken", "taken", HOLDER))
    assert "held by" not in str(LeaseLost("kraken", "it ran out"))


def test_a_refused_transition_says_what_is_allowed() -> None:
    text = str(InvalidTransition("kraken", "warming", "idle", ("active", "stopping")))
    assert text.endswith("From there it may go to: active, stopping.")


def test_a_holder_can_be_handed_from_process_to_process() -> None:
    assert pickle.loads(pickle.dumps(HOLDER)) == HOLDER
