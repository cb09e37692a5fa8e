"""What is traded, and what really was: symbols, trades, candles."""
