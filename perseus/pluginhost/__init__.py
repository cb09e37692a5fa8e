"""The plugin host: how plugins are found, let in, called and kept apart."""
