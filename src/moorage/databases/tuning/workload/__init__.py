"""What a database is busy with."""
