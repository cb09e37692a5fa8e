"""Who signs in, as what, and what they did."""
