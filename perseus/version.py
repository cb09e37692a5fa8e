"""The version, written here and nowhere else: setup.cfg reads it, the status payload carries it."""

VERSION = "0.1.0"
