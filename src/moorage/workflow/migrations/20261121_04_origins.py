"""Where imported entities came from, so that an import that is repeated makes nothing twice."""

from alembic import op

revision = "20261121_04_origins"
down_revision = "20261121_03_claim_now"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE workflow.origins (
            source       text         NOT NULL,
            external_id  text         NOT NULL,
            entity_id    uuid         NOT NULL REFERENCES workflow.entities (id) ON DELETE CASCADE,
            created_at   timestamptz  NOT NULL DEFAULT now(),
            created_by   text         NOT NULL,
            PRIMARY KEY (source, external_id)
        )
    """)
    op.execute("CREATE INDEX origins_by_entity ON workflow.origins (entity_id)")


def downgrade() -> None:
    op.execute("DROP TABLE workflow.origins")
