"""Smart warmup: what is fetched before an instance is active, and how far that has come."""
