-- Statements of restoring: the first part for the registry, the second for project databases.

-- name: extension_is_within_reach :value
-- Whether this role may add the extension to a database of its own, as far as the catalogue tells.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_available_extension_versions
    WHERE name = :name
      AND (trusted OR NOT superuser OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user))
);

-- name: table_bytes :value
SELECT pg_catalog.pg_table_size(CAST(CAST(:table_name AS text) AS regclass));

-- name: index_list :many
SELECT n.nspname AS schema_name, c.relname AS index_name, i.indisvalid AND i.indisready AS is_valid
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast')
ORDER BY schema_name, index_name;

-- name: setting_set :exec
-- Until the transaction ends.
SELECT set_config(:name, :value, true);
