"""Evolution: new versions of a type, what they would break, and the migration of its entities."""
