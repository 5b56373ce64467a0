"""The one Alembic environment of all migration lines: a lock, short time-outs, a transaction a revision."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
line = context.config.attributes["line"]

context.configure(
    connection=connection,
    version_table=line.version_table,
    version_table_schema=line.schema,
    transaction_per_migration=True,
)
with context.begin_transaction():
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    context.run_migrations()
