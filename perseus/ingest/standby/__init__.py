"""Waiting for an exchange that another process holds, and handing one over."""
