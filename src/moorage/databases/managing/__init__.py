"""Adding, changing, trying and removing databases while the program runs."""
