"""Batches: many writes that happen together or not at all, and may refer to each other."""
