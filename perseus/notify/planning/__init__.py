"""What a destination is told next, and what it is not: pure."""
