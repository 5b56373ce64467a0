-- Statements about a database as a whole, for a copy of it.

-- name: lock_timeout_set :exec
-- For the session: it takes its time, but does not wait for a lock for ever.
SELECT set_config('lock_timeout', :lock_timeout, false);

-- name: table_list :many
-- The tables whose rows a dump holds: neither those of extensions nor another session's temporary ones.
SELECT n.nspname AS schema_name, c.relname AS table_name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY schema_name, table_name;

-- name: snapshot_export :value
SELECT pg_export_snapshot();

-- name: server_version :value
SELECT current_setting('server_version');

-- name: extension_list :many
SELECT extname, extversion
FROM pg_catalog.pg_extension
ORDER BY extname;
