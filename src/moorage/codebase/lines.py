"""The migration line of code search."""

from moorage.core.postgres.migrations import MigrationLine

LINE = MigrationLine("codebase", schema="codebase", package="moorage.codebase")
