-- The tables of work items in a project's database. Kept true by tests/integration/test_schema.py.

CREATE SCHEMA workflow;

CREATE TABLE workflow.entity_schemas (
    id                 uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    schema_name        text         NOT NULL UNIQUE,
    schema_definition  jsonb        NOT NULL,
    version            integer      NOT NULL DEFAULT 1,
    description        text,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    updated_at         timestamptz  NOT NULL DEFAULT now(),
    created_by         text         NOT NULL DEFAULT 'claude-code',
    CONSTRAINT valid_schema_name CHECK (schema_name ~ '^[a-z_][a-z0-9_]*$')
);

CREATE TABLE workflow.entities (
    id           uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    schema_name  text         NOT NULL REFERENCES workflow.entity_schemas (schema_name) ON DELETE RESTRICT,
    data         jsonb        NOT NULL,
    version      integer      NOT NULL DEFAULT 1,
    created_at   timestamptz  NOT NULL DEFAULT now(),
    updated_at   timestamptz  NOT NULL DEFAULT now(),
    created_by   text         NOT NULL DEFAULT 'claude-code',
    updated_by   text         NOT NULL DEFAULT 'claude-code',
    deleted_at   timestamptz,
    CONSTRAINT valid_version CHECK (version > 0)
);

CREATE INDEX entities_by_schema ON workflow.entities (schema_name, updated_at DESC, id) WHERE deleted_at IS NULL;

CREATE INDEX entities_by_data ON workflow.entities USING gin (data jsonb_path_ops);
