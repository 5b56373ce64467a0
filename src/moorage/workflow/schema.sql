-- The tables of work items in a project's database. Kept true by tests/integration/test_schema.py.

CREATE SCHEMA workflow;

CREATE SEQUENCE workflow.entity_numbers;

CREATE TABLE workflow.constants (
    only_row    boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    xid_offset  bigint   NOT NULL DEFAULT 0,
    cursor_key  bytea    NOT NULL
        DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);
INSERT INTO workflow.constants DEFAULT VALUES;

CREATE FUNCTION workflow.transaction_number() RETURNS bigint LANGUAGE sql VOLATILE
RETURN pg_catalog.pg_current_xact_id()::pg_catalog.text::bigint + (SELECT constants.xid_offset FROM workflow.constants);

CREATE FUNCTION workflow.instant(value jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN (value #>> '{}') ~ (
        '^(?!0000)('
        '[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))'
        '|([0-9][0-9](0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29'
        ')[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'
    ) THEN (value #>> '{}')::timestamptz
END;

CREATE TABLE workflow.entity_schemas (
    id                 uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    schema_name        text         NOT NULL UNIQUE,
    schema_definition  jsonb        NOT NULL,
    version            integer      NOT NULL DEFAULT 1,
    description        text,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    updated_at         timestamptz  NOT NULL DEFAULT now(),
    created_by         text         NOT NULL DEFAULT 'claude-code',
    rules              jsonb        NOT NULL DEFAULT '{}',
    key_prefix         text         NOT NULL UNIQUE,
    updated_by         text         NOT NULL DEFAULT 'claude-code',
    CONSTRAINT valid_schema_name CHECK (schema_name ~ '^[a-z_][a-z0-9_]*$'),
    CONSTRAINT valid_key_prefix CHECK (key_prefix ~ '^[A-Z][A-Z0-9_]*$')
);

CREATE TABLE workflow.entity_schema_versions (
    schema_name        text         NOT NULL REFERENCES workflow.entity_schemas (schema_name) ON DELETE CASCADE,
    version            integer      NOT NULL,
    schema_definition  jsonb        NOT NULL,
    rules              jsonb        NOT NULL,
    change             text         NOT NULL,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    created_by         text         NOT NULL,
    PRIMARY KEY (schema_name, version)
);

CREATE TABLE workflow.schema_migrations (
    id            uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    schema_name   text         NOT NULL REFERENCES workflow.entity_schemas (schema_name) ON DELETE CASCADE,
    to_version    integer      NOT NULL,
    steps         jsonb        NOT NULL,
    state         text         NOT NULL DEFAULT 'running',
    migrated      integer      NOT NULL DEFAULT 0,
    last_id       uuid,
    error         jsonb,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    updated_at    timestamptz  NOT NULL DEFAULT now(),
    created_by    text         NOT NULL,
    CONSTRAINT valid_state CHECK (state IN ('running', 'done', 'failed')),
    UNIQUE (schema_name, to_version)
);

CREATE TABLE workflow.entities (
    id              uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    schema_name     text         NOT NULL REFERENCES workflow.entity_schemas (schema_name) ON DELETE RESTRICT,
    data            jsonb        NOT NULL,
    version         integer      NOT NULL DEFAULT 1,
    created_at      timestamptz  NOT NULL DEFAULT now(),
    updated_at      timestamptz  NOT NULL DEFAULT now(),
    created_by      text         NOT NULL DEFAULT 'claude-code',
    updated_by      text         NOT NULL DEFAULT 'claude-code',
    deleted_at      timestamptz,
    key             text         NOT NULL UNIQUE,
    schema_version  integer      NOT NULL,
    title           text         NOT NULL DEFAULT '',
    state           text,
    is_open         boolean      NOT NULL DEFAULT false,
    priority        smallint,
    search          tsvector     GENERATED ALWAYS AS (
        setweight(to_tsvector('english'::regconfig, title), 'A')
        || jsonb_to_tsvector('english'::regconfig, data, '["string"]')
    ) STORED,
    CONSTRAINT valid_version CHECK (version > 0)
);

CREATE INDEX entities_by_schema ON workflow.entities (schema_name, updated_at DESC, id) WHERE deleted_at IS NULL;
CREATE INDEX entities_newest ON workflow.entities (updated_at DESC, id) WHERE deleted_at IS NULL;

CREATE INDEX entities_by_data ON workflow.entities USING gin (data jsonb_path_ops);
CREATE INDEX entities_by_search ON workflow.entities USING gin (search);
CREATE INDEX entities_open ON workflow.entities (priority, created_at, id) WHERE is_open AND deleted_at IS NULL;
CREATE INDEX entities_deleted ON workflow.entities (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE workflow.entity_versions (
    entity_id       uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    version         integer      NOT NULL,
    operation       text         NOT NULL,
    schema_version  integer      NOT NULL,
    data            jsonb        NOT NULL,
    patch           jsonb,
    created_at      timestamptz  NOT NULL,
    created_by      text         NOT NULL,
    PRIMARY KEY (entity_id, version)
);
CREATE TABLE workflow.entity_embeddings (
    entity_id   uuid     PRIMARY KEY REFERENCES workflow.entities (id) ON DELETE CASCADE,
    version     integer  NOT NULL,
    model       text     NOT NULL,
    embedding   real[]   NOT NULL
);

CREATE TABLE workflow.changes (
    txid        bigint       NOT NULL DEFAULT workflow.transaction_number(),
    seq         bigint       GENERATED ALWAYS AS IDENTITY,
    subject     text         NOT NULL,
    operation   text         NOT NULL,
    entity_id   uuid,
    version     integer,
    detail      jsonb        NOT NULL DEFAULT '{}',
    created_at  timestamptz  NOT NULL DEFAULT clock_timestamp(),
    created_by  text         NOT NULL,
    PRIMARY KEY (txid, seq)
);
CREATE INDEX changes_by_entity ON workflow.changes (entity_id, txid, seq);
CREATE INDEX changes_by_time ON workflow.changes (created_at);

CREATE TABLE workflow.links (
    source_id   uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    kind        text         NOT NULL,
    target_id   uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    created_by  text         NOT NULL,
    PRIMARY KEY (source_id, kind, target_id),
    CONSTRAINT valid_kind CHECK (kind IN ('parent', 'blocks', 'relates', 'duplicates')),
    CONSTRAINT not_to_itself CHECK (source_id <> target_id)
);
CREATE INDEX links_by_target ON workflow.links (target_id, kind);
CREATE UNIQUE INDEX links_one_parent ON workflow.links (source_id) WHERE kind = 'parent';

CREATE TABLE workflow.code_references (
    id          uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_id   uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    kind        text         NOT NULL,
    repository  text         NOT NULL DEFAULT '',
    target      text         NOT NULL,
    start_line  integer      NOT NULL DEFAULT 0,
    end_line    integer      NOT NULL DEFAULT 0,
    note        text         NOT NULL DEFAULT '',
    created_at  timestamptz  NOT NULL DEFAULT now(),
    created_by  text         NOT NULL,
    CONSTRAINT valid_kind CHECK (kind IN ('chunk', 'file', 'commit', 'url')),
    UNIQUE (entity_id, kind, repository, target, start_line, end_line)
);
CREATE INDEX code_references_by_target ON workflow.code_references (target, kind);

CREATE SEQUENCE workflow.claim_tokens;
CREATE TABLE workflow.claims (
    entity_id   uuid         PRIMARY KEY REFERENCES workflow.entities (id) ON DELETE CASCADE,
    holder      text         NOT NULL,
    token       bigint       NOT NULL DEFAULT nextval('workflow.claim_tokens'),
    claimed_at  timestamptz  NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz  NOT NULL
);
CREATE INDEX claims_by_end ON workflow.claims (expires_at);

-- A statement sees tables as they were when it began; a volatile function in it sees them as they are when it is called.
CREATE FUNCTION workflow.claim_now(entity uuid) RETURNS SETOF workflow.claims
LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
BEGIN
    RETURN QUERY
        SELECT claims.entity_id, claims.holder, claims.token, claims.claimed_at, claims.expires_at
        FROM workflow.claims WHERE claims.entity_id = entity;
END $$;

CREATE TABLE workflow.comments (
    id          uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    entity_id   uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    body        text         NOT NULL,
    created_at  timestamptz  NOT NULL DEFAULT clock_timestamp(),
    created_by  text         NOT NULL
);
CREATE INDEX comments_by_entity ON workflow.comments (entity_id, created_at);

CREATE TABLE workflow.answered_requests (
    actor         text         NOT NULL,
    key           text         NOT NULL,
    request_hash  bytea        NOT NULL,
    answer        jsonb,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX answered_requests_by_time ON workflow.answered_requests (created_at);

CREATE TABLE workflow.deployments (
    id           uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    environment  text         NOT NULL,
    commit_sha   text         NOT NULL,
    attempt      integer      NOT NULL DEFAULT 1,
    branch       text,
    status       text         NOT NULL,
    version      integer      NOT NULL DEFAULT 1,
    data         jsonb        NOT NULL DEFAULT '{}',
    committed_at timestamptz,
    started_at   timestamptz  NOT NULL,
    deployed_at  timestamptz,
    ended_at     timestamptz,
    created_at   timestamptz  NOT NULL DEFAULT now(),
    created_by   text         NOT NULL,
    updated_at   timestamptz  NOT NULL DEFAULT now(),
    updated_by   text         NOT NULL,
    CONSTRAINT valid_status CHECK (status IN ('pending', 'deployed', 'failed', 'rolled_back')),
    UNIQUE (environment, commit_sha, attempt)
);
CREATE INDEX deployments_by_environment ON workflow.deployments (environment, deployed_at DESC);
CREATE INDEX deployments_by_start ON workflow.deployments (started_at DESC, id DESC);

CREATE TABLE workflow.deployment_transitions (
    deployment_id  uuid         NOT NULL REFERENCES workflow.deployments (id) ON DELETE CASCADE,
    version        integer      NOT NULL,
    status         text         NOT NULL,
    created_at     timestamptz  NOT NULL DEFAULT clock_timestamp(),
    created_by     text         NOT NULL,
    PRIMARY KEY (deployment_id, version)
);

CREATE TABLE workflow.deployment_items (
    deployment_id  uuid  NOT NULL REFERENCES workflow.deployments (id) ON DELETE CASCADE,
    entity_id      uuid  NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    PRIMARY KEY (deployment_id, entity_id)
);
CREATE INDEX deployment_items_by_entity ON workflow.deployment_items (entity_id);

CREATE TABLE workflow.origins (
    source       text         NOT NULL,
    external_id  text         NOT NULL,
    entity_id    uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
    created_at   timestamptz  NOT NULL DEFAULT now(),
    created_by   text         NOT NULL,
    PRIMARY KEY (source, external_id)
);
CREATE INDEX origins_by_entity ON workflow.origins (entity_id);

CREATE TABLE workflow.deleted_types (
    schema_name  text     PRIMARY KEY,
    version      integer  NOT NULL
);
