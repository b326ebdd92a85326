"""The journal: the append-only, hash-chained log of each mission's events, and the stores that hold it."""
