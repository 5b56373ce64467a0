"""Work: how entities hang together, what is ready, what blocks, and who works on what."""
