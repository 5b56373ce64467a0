-- The registry database (`mcp_registry`): a row a project, those that are gone, and the tokens of callers.
-- Kept true by tests/integration/test_schema.py.

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
    title          text,
    -- The PostgreSQL server the database is on, as the settings name it; 'main' is the one with this registry.
    server         text        NOT NULL DEFAULT 'main',
    -- The project this one is a snapshot of; NULL also when that one is gone.
    snapshot_of    uuid        REFERENCES public.projects (id) ON DELETE SET NULL,
    last_used_at   timestamptz,
    -- As last measured; NULL before the first time.
    database_bytes bigint,
    -- Limits of this project; NULL is none of its own.
    max_bytes      bigint,
    max_connections integer,
    CONSTRAINT valid_name    CHECK (name ~ '^[a-z0-9_]{1,55}$'),
    CONSTRAINT valid_db_name CHECK (database_name = 'project_' || name),
    CONSTRAINT valid_limits  CHECK (max_bytes > 0 AND max_connections > 0),
    CONSTRAINT valid_state   CHECK (state IN ('creating', 'copying', 'ready', 'archived', 'moving', 'deleting'))
);

CREATE INDEX projects_snapshot_of ON public.projects (snapshot_of) WHERE snapshot_of IS NOT NULL;

-- Tombstones: projects that were deleted, and where their last backup lies, if one was made.
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

-- Tokens of callers. Of a token itself only its SHA-256 is kept; it was shown once, when it was made.
CREATE TABLE public.tokens (
    id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name              text        NOT NULL UNIQUE,
    hash              bytea       NOT NULL UNIQUE,
    scope             text        NOT NULL,
    -- Names of the projects it is good for; NULL is all of them.
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

-- Every project database: whose it is. Written once; compared when a connection is opened.
\connect project_<name>

CREATE SCHEMA moorage;

CREATE TABLE moorage.identity (
    only_row    boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    project_id  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- Which systems have made their tables here: tables never made are migrated, tables lost are reported.
CREATE TABLE moorage.lines (
    name     text        PRIMARY KEY,
    made_at  timestamptz NOT NULL DEFAULT now()
);
