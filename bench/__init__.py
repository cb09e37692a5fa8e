"""Speed and memory against their limits: `make bench`. What each line means: docs/performance.md."""
