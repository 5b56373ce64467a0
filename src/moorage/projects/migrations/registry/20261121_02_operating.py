"""What operators need: servers, life cycle, sizes and limits of projects; those that are gone; tokens of callers."""

from alembic import op

revision = "20261121_02_operating"
down_revision = "20261121_01_projects"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE public.projects
            ADD COLUMN title           text,
            ADD COLUMN server          text        NOT NULL DEFAULT 'main',
            ADD COLUMN snapshot_of     uuid        REFERENCES public.projects (id) ON DELETE SET NULL,
            ADD COLUMN last_used_at    timestamptz,
            ADD COLUMN database_bytes  bigint,
            ADD COLUMN max_bytes       bigint,
            ADD COLUMN max_connections integer,
            ADD CONSTRAINT valid_limits CHECK (max_bytes > 0 AND max_connections > 0),
            DROP CONSTRAINT valid_state,
            ADD CONSTRAINT valid_state
                CHECK (state IN ('creating', 'copying', 'ready', 'archived', 'moving', 'deleting'));
        CREATE INDEX projects_snapshot_of ON public.projects (snapshot_of) WHERE snapshot_of IS NOT NULL;

        CREATE TABLE public.deleted_projects (
            id             uuid        PRIMARY KEY,
            name           text        NOT NULL,
            database_name  text        NOT NULL,
            server         text        NOT NULL,
            title          text,
            description    text,
            created_at     timestamptz NOT NULL,
            created_by     text        NOT NULL,
            deleted_at     timestamptz NOT NULL DEFAULT now(),
            deleted_by     text        NOT NULL,
            backup         text
        );
        CREATE INDEX deleted_projects_name ON public.deleted_projects (name);

        CREATE TABLE public.tokens (
            id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
            name              text        NOT NULL UNIQUE,
            hash              bytea       NOT NULL UNIQUE,
            scope             text        NOT NULL,
            projects          text[],
            calls_per_minute  integer,
            created_at        timestamptz NOT NULL DEFAULT now(),
            created_by        text        NOT NULL,
            expires_at        timestamptz,
            revoked_at        timestamptz,
            last_used_at      timestamptz,
            CONSTRAINT valid_scope CHECK (scope IN ('read', 'write', 'admin')),
            CONSTRAINT valid_rate  CHECK (calls_per_minute > 0),
            CONSTRAINT hashed      CHECK (octet_length(hash) = 32)
        );
    """)


def downgrade() -> None:
    op.execute("""
        DROP TABLE public.tokens;
        DROP TABLE public.deleted_projects;
        ALTER TABLE public.projects
            DROP CONSTRAINT valid_state,
            ADD CONSTRAINT valid_state CHECK (state IN ('creating', 'ready', 'archived', 'deleting')),
            DROP COLUMN title,
            DROP COLUMN server,
            DROP COLUMN snapshot_of,
            DROP COLUMN last_used_at,
            DROP COLUMN database_bytes,
            DROP COLUMN max_bytes,
            DROP COLUMN max_connections;
    """)
