"""A seeded simulator of the whole gateway: shipped flow, worker and storage code among counterparts that fail."""
