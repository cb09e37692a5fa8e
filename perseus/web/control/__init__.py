"""The pages that command ingest processes."""
