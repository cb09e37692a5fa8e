"""What is said of one finding wherever it is found."""

from __future__ import annotations

from typing import Final, NamedTuple

#: What is left where something may not be asked.
BY_HAND: Final = (
    "The store's user lacks the right to ask that, or its provider forbids it. Look at the settings of your provider, "
    "or run `perseus doctor` as a user that may: docs/doctor.md says how."
)


class Entry(NamedTuple):
    """One row of the catalogue. `breaks`: what it can do to the site. `mend`: what to do, beside the commands told.

    `check`: how to find out by hand where it may not be asked; '' for what always can be.
    """

    title: str
    breaks: str
    mend: str
    check: str = ""
