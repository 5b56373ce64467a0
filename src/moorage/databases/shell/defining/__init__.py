"""Which databases there are, and changing that: `moorage db list`, `show`, `add`, `change`, `remove`, `test`."""
