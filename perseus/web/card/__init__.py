"""The cards: what the page says of one exchange."""
