"""Talking to exchanges: what is said on the wire, how it is sent, and within which limits."""
