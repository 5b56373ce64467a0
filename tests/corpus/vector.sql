-- The extension that the embedded PostgreSQL brings along.
CREATE EXTENSION vector;
