"""Kinds of work items, and the items."""

from alembic import op

revision = "20261121_01_entities"
down_revision = None


def upgrade() -> None:
    op.execute("""
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
        )
    """)
    op.execute("""
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
        )
    """)
    op.execute("""
        CREATE INDEX entities_by_schema ON workflow.entities (schema_name, updated_at DESC, id) WHERE deleted_at IS NULL
    """)
    op.execute("""
        CREATE INDEX entities_by_data ON workflow.entities USING gin (data jsonb_path_ops)
    """)


def downgrade() -> None:
    op.execute("DROP TABLE workflow.entities")
    op.execute("DROP TABLE workflow.entity_schemas")
