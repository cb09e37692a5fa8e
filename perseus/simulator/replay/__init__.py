"""A recording, told again to whoever asks for it."""
