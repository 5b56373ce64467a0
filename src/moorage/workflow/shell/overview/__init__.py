"""Looking at work from the shell: the board, one item with all about it, and what agents are told."""
