"""Amazon's Data API: statements over HTTPS, one call each, inside a transaction that the service keeps open.

What the service cannot carry (types it does not know, answers over 1 MiB) is asked for in a form it can: each row as
its text, read in pieces through a cursor of PostgreSQL's.
"""
