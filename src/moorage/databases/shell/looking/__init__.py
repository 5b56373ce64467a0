"""Looking into databases: `moorage db search`, `schema`, `compare`."""
