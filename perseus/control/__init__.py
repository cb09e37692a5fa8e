"""Commands to ingest processes: signed, one stream for each target, and what came of each."""
