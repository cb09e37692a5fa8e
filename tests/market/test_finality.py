"""Finality: a candle is final when the stream says so without doubt, or REST does late enough; never by silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.market.finality import CONFIRM, FINAL, GRACE_MS, PATIENCE_MS, Doubt, Finality, Heard, Step, judge

END = 1_790_000_400_000
NOWS = st.integers(END - 400_000, END + 400_000)
DOUBTS = st.frozensets(st.sampled_from(Doubt))
READS = st.none() | st.integers(END - 10_000, END + 10_000)


def wait(ms: int) -> Finality:
    return Finality(Step.WAIT, END + ms)


@pytest.mark.parametrize(
    ("heard", "doubts", "now", "step"),
    [
        (Heard.CLOSED, (), 200, FINAL),
        (Heard.CLOSED, (Doubt.RECONNECTED,), 200, wait(5_000)),
        (Heard.CLOSED, (Doubt.RECONNECTED,), 4_999, wait(5_000)),
        (Heard.CLOSED, (Doubt.RECONNECTED,), 5_000, CONFIRM),
        (Heard.SUCCESSOR, (), 200, wait(3_000)),
        (Heard.SUCCESSOR, (), 3_000, FINAL),
        (Heard.SUCCESSOR, (Doubt.SEQUENCE,), 3_000, wait(5_000)),
        (Heard.NOTHING, (), 4_999, wait(5_000)),
        (Heard.NOTHING, (), 5_000, CONFIRM),
        (Heard.NOTHING, (), -100_000, wait(5_000)),
    ],
)
def test_the_rule(heard: Heard, doubts: tuple[Doubt, ...], now: int, step: Finality) -> None:
    assert judge(END, END + now, heard=heard, doubts=frozenset(doubts)) == step


@given(NOWS, st.sampled_from(Heard), DOUBTS, st.integers(END + GRACE_MS, END + 400_000))
def test_a_row_that_was_read_late_enough_ends_all_doubt(
    now: int, heard: Heard, doubts: frozenset[Doubt], read: int
) -> None:
    assert judge(END, now, heard=heard, doubts=doubts, read_ms=read) == FINAL


@given(NOWS, st.sampled_from(Heard), DOUBTS, st.integers(END - 400_000, END + GRACE_MS - 1))
def test_a_row_that_was_read_too_early_proves_nothing(
    now: int, heard: Heard, doubts: frozenset[Doubt], read: int
) -> None:
    assert judge(END, now, heard=heard, doubts=doubts, read_ms=read) == judge(END, now, heard=heard, doubts=doubts)


@given(NOWS, st.sampled_from(Heard), DOUBTS, READS)
def test_nothing_is_final_before_its_end_unless_the_stream_says_so(
    now: int, heard: Heard, doubts: frozenset[Doubt], read: int | None
) -> None:
    judged = judge(END, now, heard=heard, doubts=doubts, read_ms=read)
    if judged == FINAL and (heard is not Heard.CLOSED or doubts):
        assert now >= END + GRACE_MS or (read is not None and read >= END + GRACE_MS)


@given(NOWS, st.sampled_from(Heard), DOUBTS, READS)
def test_who_waits_as_told_has_an_answer_then_and_never_waits_again(
    now: int, heard: Heard, doubts: frozenset[Doubt], read: int | None
) -> None:
    judged = judge(END, now, heard=heard, doubts=doubts, read_ms=read)
    assert (judged.until_ms is not None) == (judged.step is Step.WAIT)
    if judged.until_ms is not None:
        assert now < judged.until_ms <= END + PATIENCE_MS
        assert judge(END, judged.until_ms, heard=heard, doubts=doubts, read_ms=read).step is not Step.WAIT
