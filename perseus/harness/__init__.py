"""Tries one exchange: what it answers, what it streams, and whether Perseus reads all of it."""
