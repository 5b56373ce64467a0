"""What is in a database: its objects, found step by step, from names to columns to everything."""
