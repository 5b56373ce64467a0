-- What the warnings of a plan stand on.

-- name: relation_described :many
-- A plan names tables without their schema: all of a name come back, those first that an unqualified name finds.
SELECT
    n.nspname::text AS schema_name,
    c.relname::text AS table_name,
    pg_catalog.pg_table_is_visible(c.oid) AS is_visible,
    c.reltuples::bigint AS row_count,
    (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname,
            'type', t.typname,
            'indexed', EXISTS (
                SELECT FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum
            )
        ))::text
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = ANY (CAST(:table_names AS text[])) AND c.relkind IN ('r', 'p', 'm', 'f', 't')
ORDER BY 3 DESC, 1, 2
LIMIT :limit;

-- name: prepared_parameters :value
-- How many values a statement takes that this session has prepared.
SELECT pg_catalog.cardinality(parameter_types)
FROM pg_catalog.pg_prepared_statements
WHERE name = :name;
