"""What was heard of an exchange, kept as it came: the ring, its files, and copies for others."""
