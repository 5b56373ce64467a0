"""Backups: the registry and each project as a dump of its own, with a manifest by which they can be trusted.

A folder with the name of a backup is whole: it is written under another name, and renamed once everything in it is on
the disk. How a backup is put back stands in `moorage.operations.restore`.
"""
