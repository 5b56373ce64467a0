"""The newest entities of any type, found without reading all: what a query that names no type asks for."""

from alembic import op

revision = "20261121_06_newest"
down_revision = "20261121_05_deleted_types"


def upgrade() -> None:
    op.execute("CREATE INDEX entities_newest ON workflow.entities (updated_at DESC, id) WHERE deleted_at IS NULL")


def downgrade() -> None:
    op.execute("DROP INDEX workflow.entities_newest")
