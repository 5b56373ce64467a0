"""How a database does: plans without running, health, the queries that cost most, and indexes that would help."""
