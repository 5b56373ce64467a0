"""Making and changing items from the shell."""
