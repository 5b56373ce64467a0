"""The ways to a database. A connector runs statements under terms; it does not know what is allowed."""
