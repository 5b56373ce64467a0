"""The one Alembic environment of all migration lines: it writes statements and runs none.

Whoever runs them holds the transaction, see `moorage.core.postgres.migrations`.
"""

from alembic import context

line = context.config.attributes["line"]

context.configure(
    dialect_name="postgresql",
    as_sql=True,
    literal_binds=True,
    transactional_ddl=False,
    version_table=line.version_table,
    version_table_schema=line.schema,
)
context.run_migrations()
