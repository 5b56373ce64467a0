"""Formats of other programs: text in, proposals out; nothing here knows a database or a type."""
