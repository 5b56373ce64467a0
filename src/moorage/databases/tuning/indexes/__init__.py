"""Which indexes would help: taken from what statements ask, tried where that can be done without building them."""
