"""Fixtures, loaded by pytest wherever Perseus is installed."""
