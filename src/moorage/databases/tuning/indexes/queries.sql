-- What advice on indexes stands on.

-- name: table_described :many
-- Tables of some names in any schema, large ones only, with the planner's statistics of their columns and the
-- indexes they have. Keys of indexes are columns by name, and expressions as PostgreSQL writes them.
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name,
    pg_catalog.pg_table_is_visible(c.oid) AS is_visible,
    c.reltuples::bigint AS row_count,
    pg_catalog.array_to_json(ARRAY(
        SELECT p.relname::text
        FROM pg_catalog.pg_partition_tree(c.oid) AS t
        JOIN pg_catalog.pg_class AS p ON p.oid = t.relid
        WHERE c.relkind = 'p' AND t.isleaf
        LIMIT 1000
    ))::text AS partitions,
    (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname, 'type', t.typname, 'distinct', s.n_distinct, 'width', s.avg_width
        ))::text
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_stats AS s
            ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
            AND s.inherited = (c.relkind = 'p')
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns,
    (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', i.relname, 'method', m.amname, 'unique', x.indisunique, 'partial', x.indpred IS NOT NULL,
            'keys', (
                SELECT pg_catalog.json_agg(coalesce(
                    k.attname::text, pg_catalog.pg_get_indexdef(x.indexrelid, p.place, true)
                ) ORDER BY p.place)
                FROM pg_catalog.generate_series(1, x.indnkeyatts) AS p (place)
                LEFT JOIN pg_catalog.pg_attribute AS k
                    ON k.attrelid = c.oid AND k.attnum = x.indkey[p.place - 1] AND k.attnum > 0
            )
        ))::text
        FROM pg_catalog.pg_index AS x
        JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
        JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
        WHERE x.indrelid = c.oid AND x.indisvalid
    ) AS indexes
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = ANY (CAST(:names AS text[])) AND c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_'
ORDER BY 3 DESC, 1, 2
LIMIT :limit;

-- name: hypopg_place :optional
SELECT n.nspname::text AS schema_name
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'hypopg';
