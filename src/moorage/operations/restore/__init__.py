"""Putting backups back: everything into an empty house, or projects one by one, also beside living ones.

A project's database is always built under a passing name, checked against the manifest, and renamed into its place
only then. Whoever is killed in the middle leaves the old project or the new one, never half of one.
"""
