"""Workflow: work items of any kind in a project's database, each kind with a JSON Schema, safe under many agents.

Promised: a write names the version it saw, or is refused; an item, its history and the feed of changes are written in
one transaction; no item is claimed twice; links make no cycle. Left to others: which database is the project's
(`projects`), who calls (`core.access`), what code is (`codebase`; an item only points at it).
"""
