"""What the role a database is reached with could do there, and how a role is made that can only read."""
