"""Work items on the command line, for people: a board, one-line commands, and all about one item."""
