"""Passwords: which are good enough, what is stored of them, and that nobody learns by the time who has an account."""

from __future__ import annotations

import threading
import unicodedata
from typing import Literal

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from perseus.access import passwords

GOOD = "correct horse battery"
LETTERS = "Ångström Straße ﬁne 한국어"


class Counting:
    """A hasher that counts, and does what a real one does."""

    def __init__(self) -> None:
        self.hashed = 0
        self.verified = 0

    def hash(self, password: str) -> str:
        self.hashed += 1
        return passwords.PasswordHasher().hash(password)

    def verify(self, stored: str, password: str) -> bool:
        self.verified += 1
        return passwords.PasswordHasher().verify(stored, password)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    hasher = Counting()
    monkeypatch.setattr(passwords, "HASHER", hasher)
    passwords._nobodys.cache_clear()
    return hasher


def test_the_right_password_matches_and_no_other() -> None:
    stored = passwords.hashed(GOOD)
    assert passwords.matches(GOOD, stored)
    for wrong in ("", GOOD[:-1], GOOD + " ", GOOD.upper(), "\0" + GOOD, stored):
        assert not passwords.matches(wrong, stored), wrong


def test_nothing_of_the_password_is_in_what_is_stored_and_no_two_are_alike() -> None:
    first, second = passwords.hashed(GOOD), passwords.hashed(GOOD)
    assert first.startswith("$argon2id$")
    assert GOOD not in first
    assert first != second


def test_it_is_hashed_as_rfc_9106_says_for_little_memory() -> None:
    hasher = passwords.HASHER
    assert (hasher.type, hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (Type.ID, 3, 65536, 4)


def test_who_has_no_account_costs_as_much_as_a_wrong_password(counting: Counting) -> None:
    stored = counting.hash(GOOD)
    counting.hashed = 0
    assert not passwords.matches("wrong", stored)
    assert (counting.hashed, counting.verified) == (1, 1), "the first check of a worker is long for everybody"
    assert not passwords.matches("wrong", None)
    assert (counting.hashed, counting.verified) == (1, 2)


def test_the_hash_that_stands_in_for_nobodys_lets_nobody_in() -> None:
    assert not passwords.matches("nobody has this password", None)


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=65536,t=3,p=4$broken", "plain text"])
def test_a_hash_that_cannot_be_read_matches_nothing(stored: str) -> None:
    assert not passwords.matches("x", stored)
    assert not passwords.matches("", stored)


def test_a_password_that_was_cut_to_the_longest_does_not_match_it() -> None:
    longest = "ab cde" * 33 + "xy"
    assert len(longest) == passwords.MOST
    stored = passwords.hashed(longest)
    assert passwords.matches(longest, stored)
    assert not passwords.matches(longest + "z", stored)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_the_same_letters_match_however_a_system_writes_them(form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    stored = passwords.hashed(unicodedata.normalize(form, LETTERS))
    for other in ("NFC", "NFD", "NFKC", "NFKD"):
        written = unicodedata.normalize(other, LETTERS)
        assert passwords.matches(written, stored)
        assert not passwords.is_outdated(stored, written)


def test_one_that_was_hashed_as_it_came_still_matches_and_is_hashed_anew() -> None:
    came = unicodedata.normalize("NFD", LETTERS)
    stored = passwords.HASHER.hash(came)
    assert passwords.matches(came, stored)
    assert passwords.is_outdated(stored, came)
    assert not passwords.is_outdated(passwords.hashed(came), came)


def test_letters_that_are_written_otherwise_cost_a_stranger_as_much_as_anybody(counting: Counting) -> None:
    stored = counting.hash(GOOD)
    for known in (stored, None):
        counting.verified = 0
        assert not passwords.matches(unicodedata.normalize("NFD", LETTERS), known)
        assert counting.verified == 2


def test_letters_count_and_not_the_code_points_that_a_system_takes_for_them() -> None:
    assert passwords.problem(unicodedata.normalize("NFD", "åäöéñç" * 33)) is None
    assert passwords.problem("e\u0301" * 6 + "abcd") is not None
    assert passwords.problem(unicodedata.normalize("NFD", "André Müller"), ("André Müller",)) is not None


def test_weaker_hashes_are_told_from_those_of_today() -> None:
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD), GOOD)
    assert not passwords.is_outdated(passwords.hashed(GOOD), GOOD)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "at least 12 characters"),
        ("elevenchars", "at least 12 characters"),
        ("abcdefghijkl", None),
        ("x" * 20, "more than four different"),
        ("abcdabcdabcd", "more than four different"),
        ("ab cde" * 34, "at most 200"),
        ("ada@example.net", "something else than your name"),
        ("ADA@example.NET!", "something else than your name"),
        ("Ada Byron Lovelace", "something else than your name"),
        ("Ada Byron Lovelace walks", None),
        (GOOD, None),
        ("пароль из слов", None),
    ],
)
def test_a_password_is_judged_by_its_length_and_by_what_everybody_knows(password: str, said: str | None) -> None:
    problem = passwords.problem(password, ("ada@example.net", "ada", "Ada Byron Lovelace"))
    assert (said is None) == (problem is None)
    assert said is None or said in str(problem)


def test_a_name_that_is_empty_forbids_nothing() -> None:
    assert passwords.problem(GOOD, ("", "")) is None


def test_few_are_checked_at_once_and_the_next_one_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.0)
    inside, go = threading.Barrier(passwords.AT_ONCE + 1), threading.Event()

    class Slow:
        def hash(self, password: str) -> str:
            inside.wait(10)
            go.wait(10)
            return password

    monkeypatch.setattr(passwords, "HASHER", Slow())
    threads = [threading.Thread(target=passwords.hashed, args=(GOOD,)) for _ in range(passwords.AT_ONCE)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    with pytest.raises(passwords.TooBusy):
        passwords.matches(GOOD, None)
    go.set()
    for thread in threads:
        thread.join(10)
    monkeypatch.undo()
    assert not passwords.matches(GOOD, None), "its turn comes when the others are done"
