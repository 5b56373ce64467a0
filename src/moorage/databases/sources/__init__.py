"""Which databases there are: their definitions, where those come from, and who may see them."""
