"""Running statements: `moorage db query`, `saved`, `everywhere`."""
