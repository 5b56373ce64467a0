"""The migration line of work items."""

from moorage.core.postgres.migrations import MigrationLine

LINE = MigrationLine("workflow", schema="workflow", package="moorage.workflow", copied_script="copied.sql")
