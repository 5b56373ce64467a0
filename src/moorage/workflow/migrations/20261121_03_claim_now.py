"""Who holds a claim at this moment, for a statement that had to wait for the entity's lock."""

from alembic import op

revision = "20261121_03_claim_now"
down_revision = "20261121_02_work"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION workflow.claim_now(entity uuid) RETURNS SETOF workflow.claims
        LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
        BEGIN
            RETURN QUERY
                SELECT claims.entity_id, claims.holder, claims.token, claims.claimed_at, claims.expires_at
                FROM workflow.claims WHERE claims.entity_id = entity;
        END $$
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION workflow.claim_now(uuid)")
