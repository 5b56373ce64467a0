"""What is wrong with a database, soon will be, or is good to know: the worst first, and what to do about it."""
