"""Binance, .com and .us, as its clients see it."""
