"""Everything around the items: versions, links, claims, comments, the feed of changes, deployments."""

from alembic import op

revision = "20261121_02_work"
down_revision = "20261121_01_entities"

UP = r"""
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

ALTER TABLE workflow.entity_schemas
    ADD COLUMN rules       jsonb  NOT NULL DEFAULT '{}',
    ADD COLUMN key_prefix  text,
    ADD COLUMN updated_by  text   NOT NULL DEFAULT 'claude-code';
UPDATE workflow.entity_schemas
SET key_prefix = CASE WHEN starts_with(schema_name, '_') THEN 'X' ELSE '' END || upper(schema_name);
ALTER TABLE workflow.entity_schemas
    ALTER COLUMN key_prefix SET NOT NULL,
    ADD CONSTRAINT entity_schemas_key_prefix_key UNIQUE (key_prefix),
    ADD CONSTRAINT valid_key_prefix CHECK (key_prefix ~ '^[A-Z][A-Z0-9_]*$');

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
INSERT INTO workflow.entity_schema_versions (schema_name, version, schema_definition, rules, change, created_by)
SELECT schema_name, version, schema_definition, rules, 'first', created_by FROM workflow.entity_schemas;

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

ALTER TABLE workflow.entities
    ADD COLUMN key             text,
    ADD COLUMN schema_version  integer,
    ADD COLUMN title           text      NOT NULL DEFAULT '',
    ADD COLUMN state           text,
    ADD COLUMN is_open         boolean   NOT NULL DEFAULT false,
    ADD COLUMN priority        smallint;
UPDATE workflow.entities AS entity
SET key = type.key_prefix || '-' || nextval('workflow.entity_numbers'), schema_version = type.version,
    title = coalesce((
        SELECT CASE WHEN jsonb_typeof(entity.data -> field) = 'string' THEN entity.data ->> field END
        FROM unnest(ARRAY['title', 'name']) WITH ORDINALITY AS known (field, place)
        WHERE type.schema_definition -> 'properties' ? field
        ORDER BY place
        LIMIT 1
    ), '')
FROM workflow.entity_schemas AS type
WHERE type.schema_name = entity.schema_name;
ALTER TABLE workflow.entities
    ALTER COLUMN key SET NOT NULL,
    ALTER COLUMN schema_version SET NOT NULL,
    ADD CONSTRAINT entities_key_key UNIQUE (key),
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english'::regconfig, title), 'A')
        || jsonb_to_tsvector('english'::regconfig, data, '["string"]')
    ) STORED;
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
INSERT INTO workflow.entity_versions (entity_id, version, operation, schema_version, data, created_at, created_by)
SELECT id, version, 'create', schema_version, data, updated_at, updated_by FROM workflow.entities;

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
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    for table in (
        "deployment_items", "deployment_transitions", "deployments", "answered_requests", "comments", "claims",
        "code_references", "links", "changes", "entity_embeddings", "entity_versions", "schema_migrations",
        "entity_schema_versions", "constants",
    ):  # fmt: skip
        op.execute(f"DROP TABLE workflow.{table} CASCADE")
    op.execute("ALTER TABLE workflow.entities DROP COLUMN search")
    for column in ("key", "schema_version", "title", "state", "is_open", "priority"):
        op.execute(f"ALTER TABLE workflow.entities DROP COLUMN {column}")
    for column in ("rules", "key_prefix", "updated_by"):
        op.execute(f"ALTER TABLE workflow.entity_schemas DROP COLUMN {column}")
    op.execute("DROP FUNCTION workflow.transaction_number(), workflow.instant(jsonb)")
    op.execute("DROP SEQUENCE workflow.entity_numbers, workflow.claim_tokens")
