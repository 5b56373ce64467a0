"""The last version of deleted types: a new type of the name goes on counting, so that none is taken for it."""

from alembic import op

revision = "20261121_05_deleted_types"
down_revision = "20261121_04_origins"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE workflow.deleted_types (
            schema_name  text     PRIMARY KEY,
            version      integer  NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE workflow.deleted_types")
