"""A prompt for SQL: `moorage db shell`."""
