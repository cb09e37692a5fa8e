"""A lane for each destination: what is told to it, in order, one message at a time."""
