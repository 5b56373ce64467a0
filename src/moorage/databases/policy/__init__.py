"""What a statement may do: read from PostgreSQL's own grammar and from the database's own catalogue, before it runs.

None of this is the first lock: PostgreSQL is, by roles and read-only transactions. It closes what those leave open.
"""
