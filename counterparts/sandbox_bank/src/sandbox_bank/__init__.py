"""A card bank with a hosted pay page, for testing whoever takes payments through one."""

__version__ = "0.1.0"
