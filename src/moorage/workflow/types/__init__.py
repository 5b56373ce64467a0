"""Types: what kinds of entities a project has, each a JSON Schema with rules about state, title, order and indexes."""
