"""Keeping everybody's data safe: backup and restore, finding and mending what is broken, moving projects.

Works on projects as wholes and through PostgreSQL's own programs; it knows no system and none of their tables.
"""
