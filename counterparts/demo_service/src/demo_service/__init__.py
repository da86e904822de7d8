"""A small shop of public services, paid through an MPay-compatible gateway."""
