"""The pages of exchanges: connection records, and watched symbols."""
