"""Plugins as they were written for earlier versions of the hooks. Nobody edits them: they must run as they are."""
