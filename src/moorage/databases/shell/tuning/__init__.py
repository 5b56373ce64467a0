"""How databases run: `moorage db explain`, `health`, `top`, `advise`."""
