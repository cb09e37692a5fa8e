"""Market data: candles and tickers as exact text, which of them are known, and the cache that keeps them.

Nothing here knows an exchange, a page, a database or a command.
"""
