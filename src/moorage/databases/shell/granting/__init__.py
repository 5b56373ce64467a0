"""Roles that only read: `moorage db grant-readonly`."""
