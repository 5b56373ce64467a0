"""Workflow: work items of any kind in a project's database, each kind with a JSON Schema.

So far only its tables exist, so that every project database has both schemas of the founding design from the start;
the tools that use them are not there yet.
"""
