"""The table of projects."""

from alembic import op

revision = "20261121_01_projects"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE public.projects (
            id             uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
            name           text        NOT NULL UNIQUE,
            database_name  text        NOT NULL UNIQUE,
            description    text,
            folder         text        UNIQUE,
            state          text        NOT NULL DEFAULT 'creating',
            generation     integer     NOT NULL DEFAULT 1,
            created_at     timestamptz NOT NULL DEFAULT now(),
            updated_at     timestamptz NOT NULL DEFAULT now(),
            created_by     text        NOT NULL DEFAULT 'claude-code',
            CONSTRAINT valid_name    CHECK (name ~ '^[a-z0-9_]{1,55}$'),
            CONSTRAINT valid_db_name CHECK (database_name = 'project_' || name),
            CONSTRAINT valid_state   CHECK (state IN ('creating', 'ready', 'archived', 'deleting'))
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE public.projects")
