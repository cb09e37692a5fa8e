"""Instances that are ended with their test."""

from tests.instances import party

__all__ = ["party"]
