-- name: type_names :many
-- Of types that the driver does not know. An array is told by its output function: int2vector is none.
SELECT
    t.oid,
    CASE WHEN e.oid IS NOT NULL THEN NULL
         WHEN n.nspname = 'pg_catalog' THEN t.typname::text
         ELSE pg_catalog.format_type(t.oid, NULL) END AS name,
    CASE WHEN m.nspname = 'pg_catalog' THEN e.typname::text
         ELSE pg_catalog.format_type(e.oid, NULL) END AS element
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type AS e
    ON e.oid = t.typelem AND t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc
LEFT JOIN pg_catalog.pg_namespace AS m ON m.oid = e.typnamespace
WHERE t.oid = ANY (:oids::pg_catalog.oid[]);
