"""Market data on the pages: how far a warmup is, and how fresh candles are."""
