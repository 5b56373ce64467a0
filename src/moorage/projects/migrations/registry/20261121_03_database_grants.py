"""Which databases of other people a token is good for; tokens from before are good for what they were."""

from alembic import op

revision = "20261121_03_database_grants"
down_revision = "20261121_02_operating"


def upgrade() -> None:
    op.execute("ALTER TABLE public.tokens ADD COLUMN databases text[]")


def downgrade() -> None:
    op.execute("ALTER TABLE public.tokens DROP COLUMN databases")
