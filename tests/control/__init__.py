"""Commands to ingest processes."""
