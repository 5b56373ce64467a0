"""Querying: entities found by filters, words and meaning, in pages and in any order, by the indexes of their types."""
