"""Our books held against those of providers and services: invariants, statements, reconciliation, settlement."""
