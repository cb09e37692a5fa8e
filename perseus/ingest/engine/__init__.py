"""The ingest engine: from streams and calls to candles in the cache."""
