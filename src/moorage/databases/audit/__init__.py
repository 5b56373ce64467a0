"""Who did what in which database, when, how long, and how it ended."""
