"""What each `perseus` command does: `run(settings, ...)` gives its exit code."""
