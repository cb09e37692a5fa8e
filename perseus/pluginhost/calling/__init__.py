"""How plugins are called, each on its own lane, so that what one does costs only itself."""
