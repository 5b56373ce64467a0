"""Entities: created, changed, deleted and restored; every write with its history and its place in the feed."""
