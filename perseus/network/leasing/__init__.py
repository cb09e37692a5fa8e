"""The lease of an exchange: claimed, renewed, proved, revoked; and what takes a write only from its holder."""
