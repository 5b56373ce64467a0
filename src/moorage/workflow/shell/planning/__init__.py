"""Sharing and ordering work from the shell."""
