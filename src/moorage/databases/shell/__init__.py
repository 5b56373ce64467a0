"""SQL over many databases as people at a shell use it."""
