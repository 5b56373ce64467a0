-- The registry database (`mcp_registry`): a row a project, those that are gone, the tokens of callers, and what they
-- ran in databases of other people.
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
    -- Databases of other people it is good for, as "id", "tag:name" or either with "=write"; NULL is all of them for a
    -- token of all projects, and none for one of some.
    databases         text[],
    CONSTRAINT valid_scope CHECK (scope IN ('read', 'write', 'admin')),
    CONSTRAINT valid_rate  CHECK (calls_per_minute > 0),
    CONSTRAINT hashed      CHECK (octet_length(hash) = 32)
);

-- What callers ran in databases of other people, where `sql.audit.to` is postgres; a row a statement.
CREATE TABLE public.audited_statements (
    id                   uuid             PRIMARY KEY,
    -- When it began.
    at                   timestamptz      NOT NULL,
    database_id          text             NOT NULL,
    caller               text             NOT NULL,
    -- ok, refused, failed, timeout, cancelled; committing where nobody knows whether the commit succeeded.
    outcome              text             NOT NULL,
    error_code           text,
    duration_ms          double precision NOT NULL,
    -- NULL for what was never judged.
    kind                 text,
    fingerprint          text,
    tables               text[],
    -- As far as `sql.audit.statements` says; never with the values of parameters.
    statement            text,
    statement_characters integer,
    rows                 bigint,
    rows_affected        bigint,
    bytes                bigint,
    is_committed         boolean,
    cut_by               text,
    -- The row whose answer is read on.
    continues            uuid,
    tool                 text,
    transport            text,
    client               text,
    request_id           text
);

CREATE INDEX audited_statements_at ON public.audited_statements (at);
CREATE INDEX audited_statements_database ON public.audited_statements (database_id, at);

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
