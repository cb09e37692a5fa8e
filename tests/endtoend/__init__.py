"""The whole way as people run it: real processes, a real store, a real receiver."""
