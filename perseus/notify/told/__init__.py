"""What was told to whom, and why: what pages, API and commands read."""
