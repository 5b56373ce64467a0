-- The registry database (`mcp_registry`): one row a project. Kept true by tests/integration/test_schema.py.

CREATE TABLE public.projects (
    id             uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name           text        NOT NULL UNIQUE,
    database_name  text        NOT NULL UNIQUE,
    description    text,
    -- The folder the project belongs to, as `moorage up` saw it; NULL for a project made by name.
    folder         text        UNIQUE,
    state          text        NOT NULL DEFAULT 'creating',
    -- Counts the databases this name has had; cached connections to an older one are thrown away.
    generation     integer     NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text        NOT NULL DEFAULT 'claude-code',
    CONSTRAINT valid_name    CHECK (name ~ '^[a-z0-9_]{1,55}$'),
    CONSTRAINT valid_db_name CHECK (database_name = 'project_' || name),
    CONSTRAINT valid_state   CHECK (state IN ('creating', 'ready', 'archived', 'deleting'))
);

-- Every project database: whose it is. Written once; compared when a connection is opened.
\connect project_<name>

CREATE SCHEMA moorage;

CREATE TABLE moorage.identity (
    only_row    boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    project_id  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
