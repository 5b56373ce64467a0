"""SQL over any number of PostgreSQL databases through one server.

Promises: what only reads cannot write, whatever text it is; one database that is slow, full or gone costs the others
nothing; an unknown database is an error and never another database; answers are exact, bounded, and say when they
were cut; no answer, error or log line shows a credential.

Left to others: the databases that Moorage itself keeps (projects), and who calls (core.access).
"""
