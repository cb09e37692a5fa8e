"""Plugins as their authors would write them; tests load and use them."""
