"""The network: exchanges, the instances that serve them, and the life cycle of each. Knows no database or web."""
