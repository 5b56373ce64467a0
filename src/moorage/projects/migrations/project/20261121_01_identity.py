"""Whose database this is."""

from alembic import op

revision = "20261121_01_identity"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE moorage.identity (
            only_row    boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
            project_id  uuid        NOT NULL,
            created_at  timestamptz NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE moorage.identity")
