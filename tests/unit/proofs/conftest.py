"""Databases that have their tables."""

from tests.unit.databases import migrated_url

__all__ = ["migrated_url"]
