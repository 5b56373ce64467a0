"""Queries that an operator has written, with typed parameters, as tools."""
