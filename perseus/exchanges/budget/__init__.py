"""The budget of calls: one for each exchange and outgoing address, for all processes."""
