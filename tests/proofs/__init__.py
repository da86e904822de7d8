"""Proofs on the real programs: they are killed, and the books of all sides are compared."""
