"""History: every version of an entity, what changed between two, and how things stood at any moment."""
