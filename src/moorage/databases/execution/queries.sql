-- name: constraints_check :exec
-- Checks now what deferred constraints and triggers would check over the commit.
SET CONSTRAINTS ALL IMMEDIATE;

-- name: transaction_id :value
-- NULL while nothing was written.
SELECT CAST(pg_catalog.pg_current_xact_id_if_assigned() AS text) AS transaction;

-- name: transaction_status :value
-- committed, aborted or in progress; NULL when it is too long ago.
SELECT pg_catalog.pg_xact_status(CAST(CAST(:transaction AS text) AS pg_catalog.xid8)) AS status;

-- name: column_names :many
-- Columns that the role may read, of tables named as a list in JSON, with their schema or without.
SELECT n.nspname AS schema_name, c.relname AS table_name, a.attname AS column_name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.json_array_elements_text(CAST(:tables AS json)) AS named (name)
    ON named.name = n.nspname || '.' || c.relname
    OR (named.name = c.relname AND pg_catalog.pg_table_is_visible(c.oid))
WHERE pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY c.relname, a.attnum
LIMIT 500;

-- name: table_names :many
-- Tables and views that the role may read, of those with names about as long as the one given. Rights are asked of the
-- few that are left: asking of twenty thousand takes a second.
WITH near AS MATERIALIZED (
    SELECT c.oid, c.relnamespace, n.nspname AS schema_name, c.relname AS table_name
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    ORDER BY pg_catalog.abs(pg_catalog.length(CAST(c.relname AS text)) - pg_catalog.length(CAST(:name AS text))), 3, 4
    LIMIT 500
)
SELECT near.schema_name, near.table_name, pg_catalog.format('%I.%I', near.schema_name, near.table_name) AS quoted
FROM near
WHERE pg_catalog.has_schema_privilege(near.relnamespace, 'USAGE')
    AND pg_catalog.has_table_privilege(near.oid, 'SELECT');
