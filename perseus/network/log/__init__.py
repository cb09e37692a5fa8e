"""The activity log of an exchange: how it is written, kept whole, searched, and what is told from it."""
