"""The past on the command line: versions of items, how things stood, what was done."""
