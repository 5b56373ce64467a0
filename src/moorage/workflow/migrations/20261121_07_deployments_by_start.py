"""Deployments by their beginning: the first page of their list is read without sorting all of them."""

from alembic import op

revision = "20261121_07_deployments_by_start"
down_revision = "20261121_06_newest"


def upgrade() -> None:
    op.execute("CREATE INDEX deployments_by_start ON workflow.deployments (started_at DESC, id DESC)")


def downgrade() -> None:
    op.execute("DROP INDEX workflow.deployments_by_start")
