"""Hosts that share nothing but a network: each a network namespace, with an address and a name of its own."""
