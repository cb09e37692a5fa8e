"""For authors of plugins, at the command line: a new plugin's folder, the linter, the past sent again."""
