"""How PostgreSQL would run a statement, told so that a reader sees what costs and why."""
