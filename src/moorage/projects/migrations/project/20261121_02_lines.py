"""Which systems have made their tables here, so that tables never made are told from tables that were lost."""

from alembic import op

revision = "20261121_02_lines"
down_revision = "20261121_01_identity"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE moorage.lines (
            name     text        PRIMARY KEY,
            made_at  timestamptz NOT NULL DEFAULT now()
        );
        INSERT INTO moorage.lines (name) VALUES ('projects'), ('codebase'), ('workflow');
    """)


def downgrade() -> None:
    op.execute("DROP TABLE moorage.lines")
