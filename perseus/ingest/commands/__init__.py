"""What a process does when it is told to."""
