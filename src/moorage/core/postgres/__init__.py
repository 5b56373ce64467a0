"""Everything that speaks to PostgreSQL: addresses, pools, statements, identifiers, migrations, errors."""
